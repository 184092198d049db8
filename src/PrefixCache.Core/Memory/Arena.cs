using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Memory;

/// <summary>The payload memory of the host tier: one sealed memfd, reserved when made.</summary>
/// <remarks>
/// Owns the memory. Thread-safe; who writes where is decided by the block's owner, not here. Dispose it last: after every lease has ended,
/// for views made by <see cref="Slice"/> point into it.
/// </remarks>
public sealed unsafe class Arena : IDisposable
{
    private const string Name = "prefixcache-arena";

    private Arena(MemoryFile file, HugePageUse pages) => (File, Pages) = (file, pages);

    /// <summary>Names this arena in extents and in its control region; new with every arena.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>The shared memory itself, to hand to workers. Owned by the arena.</summary>
    public MemoryFile File { get; }

    /// <summary>Which pages it lies in, as found when it was made.</summary>
    public HugePageUse Pages { get; }

    /// <summary>The system never swaps it out, whatever is locked: its pages come from the pool of huge ones.</summary>
    public bool IsNeverSwapped => HugePagePool.BytesOf(Pages.Asked) > 0;

    /// <summary>Payload bytes.</summary>
    public long CapacityBytes => File.Length;

    /// <summary>First byte, aligned to a page.</summary>
    /// <exception cref="ObjectDisposedException">The arena is gone.</exception>
    public byte* Base => File.Pointer;

    /// <summary>Makes an arena, if the memory for it is there.</summary>
    /// <param name="options">Size and headroom.</param>
    /// <param name="memory">What tells how much memory there is; this machine when null.</param>
    /// <exception cref="InsufficientHostMemoryException">Not enough memory; nothing was taken.</exception>
    /// <exception cref="PosixException">The memory could not be reserved although it seemed to be there.</exception>
    public static Arena Create(ArenaOptions options, SystemMemory? memory = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CapacityBytes, BlockAllocator.GranularityBytes, nameof(options));
        if (!(options.HeadroomFraction is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.HeadroomFraction, "The headroom fraction is 0 to below 1.");

        if (!options.ReserveMemory)
        {
            long untouched = options.CapacityBytes / BlockAllocator.GranularityBytes * BlockAllocator.GranularityBytes;
            return new Arena(MemoryFile.Create(Name, untouched, reserve: false), new HugePageUse(HugePages.Off, 0, untouched, ""));
        }

        memory ??= SystemMemory.Machine;
        long pageBytes = HugePagePool.BytesOf(options.HugePages);
        return pageBytes > 0 ? FromPool(options, pageBytes, memory) : FromFreeMemory(options, memory);
    }

    /// <summary>A view of a range.</summary>
    /// <param name="offset">First byte, from the arena's start.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public ArenaMemory Slice(long offset, int length)
    {
        CheckRange(offset, length);
        return new ArenaMemory(this, offset, length);
    }

    /// <summary>The bytes of a range, valid while the block's lease holds; without the object that <see cref="Slice"/> makes.</summary>
    /// <param name="offset">First byte, from the arena's start.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public Span<byte> Span(long offset, int length)
    {
        CheckRange(offset, length);
        return new Span<byte>(Base + offset, length);
    }

    /// <summary>Gives the memory back once no other process maps it. A second call does nothing.</summary>
    public void Dispose() => File.Dispose();

    private static Arena FromFreeMemory(ArenaOptions options, SystemMemory memory)
    {
        long capacity = options.CapacityBytes / BlockAllocator.GranularityBytes * BlockAllocator.GranularityBytes;
        MemoryAvailability available = memory.Available();
        long usable = (long)(available.Bytes * (1 - options.HeadroomFraction));
        if (capacity > usable) throw new InsufficientHostMemoryException(capacity, available, usable);

        string mode = options.HugePages == HugePages.Off ? "" : memory.SharedHugePageMode();
        MemoryFile file = MemoryFile.Create(Name, capacity, transparentHugePages: SystemMemory.AllowsSharedHugePages(mode));
        long huge = options.HugePages == HugePages.Off ? 0 : MappedPages.HugeBytes((nint)file.Pointer, capacity);
        return new Arena(file, new HugePageUse(options.HugePages, huge, capacity, mode));
    }

    /// <summary>Neither free memory nor the cgroup's limit counts: the pool was taken out of both when it was set aside.</summary>
    private static Arena FromPool(ArenaOptions options, long pageBytes, SystemMemory memory)
    {
        long capacity = (options.CapacityBytes + pageBytes - 1) / pageBytes * pageBytes;
        HugePagePool pool = memory.HugePages(pageBytes);
        if (capacity > pool.FreeBytes) throw new InsufficientHostMemoryException(capacity, pool);
        MemoryFile file = MemoryFile.Create(Name, capacity, hugePageBytes: pageBytes);
        return new Arena(file, new HugePageUse(options.HugePages, capacity, capacity, ""));
    }

    private void CheckRange(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, CapacityBytes - length);
    }
}
