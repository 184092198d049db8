using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PrefixCache.Format.Native.Posix;

/// <summary>A shared mapping of a file into this process (mmap(2), <c>MAP_SHARED</c>).</summary>
/// <remarks>
/// Owns the mapping, not the file. Disposing it makes every pointer and span into it invalid at once, so the owner does that only when
/// nobody copies any more. There is no finalizer for the same reason: an abandoned mapping stays until the process ends. Thread-safe.
/// </remarks>
public sealed unsafe class MemoryMapping : IDisposable
{
    private nint _pointer;

    private MemoryMapping(nint pointer, long length)
    {
        _pointer = pointer;
        Length = length;
    }

    /// <summary>Bytes mapped.</summary>
    public long Length { get; }

    /// <summary>First byte, aligned to a page.</summary>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public byte* Pointer
    {
        get
        {
            nint pointer = Volatile.Read(ref _pointer);
            ObjectDisposedException.ThrowIf(pointer == 0, this);
            return (byte*)pointer;
        }
    }

    /// <summary>
    /// Maps a file from its start, left out of core dumps: the payload is derived from what users typed. Left out of forked children too:
    /// a child that could still write would outlive the proof that its parent is dead.
    /// </summary>
    /// <param name="file">The file, which may be closed afterwards.</param>
    /// <param name="length">Bytes to map, above 0 and not above the file's length (touching more raises SIGBUS).</param>
    /// <param name="writable">Whether this process may write through the mapping.</param>
    /// <exception cref="PosixException">mmap or madvise failed.</exception>
    public static MemoryMapping Map(SafeFileHandle file, long length, bool writable)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int protection = LibC.ProtectRead | (writable ? LibC.ProtectWrite : 0);
        nint pointer = LibC.Map(0, (nuint)length, protection, LibC.MapShared, file, 0);
        if (pointer == -1) throw PosixException.FromLastCall("mmap"); // MAP_FAILED

        MemoryMapping mapping = new(pointer, length);
        if (LibC.Advise((void*)pointer, (nuint)length, LibC.AdviseDontDump) == 0
            && LibC.Advise((void*)pointer, (nuint)length, LibC.AdviseDontFork) == 0) return mapping;
        PosixException failure = PosixException.FromLastCall("madvise");
        mapping.Dispose();
        throw failure;
    }

    /// <summary>Fills the page tables of a range, so that nobody pays for it at the first touch. What the memory holds stays.</summary>
    /// <param name="writable">For writing too; the mapping must be writable then.</param>
    /// <remarks>madvise(2) with MADV_POPULATE_READ or _WRITE; before Linux 5.14 a byte of each page is read instead.</remarks>
    /// <exception cref="PosixException">The kernel has no memory for page tables.</exception>
    public void Populate(long offset, long length, bool writable)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        byte* start = Pointer + offset;
        int advice = writable ? LibC.AdvisePopulateWrite : LibC.AdvisePopulateRead;
        if (LibC.Advise(start, (nuint)length, advice) == 0) return;
        if (Marshal.GetLastPInvokeError() != Errno.InvalidArgument) throw PosixException.FromLastCall("madvise");
        for (long at = 0; at < length; at += Environment.SystemPageSize) _ = Volatile.Read(ref start[at]);
    }

    /// <summary>Asks for transparent huge pages wherever the mapping is touched first; the kernel need not give them.</summary>
    /// <returns>False where the kernel has none.</returns>
    public bool TryAskForHugePages() => LibC.Advise(Pointer, (nuint)Length, LibC.AdviseHugePage) == 0;

    /// <summary>Unmaps; a second call does nothing.</summary>
    public void Dispose()
    {
        nint pointer = Interlocked.Exchange(ref _pointer, 0);
        // munmap of a range that mmap returned fails only for lack of kernel memory to split a mapping, which this never does.
        if (pointer != 0) _ = LibC.Unmap((void*)pointer, (nuint)Length);
    }
}
