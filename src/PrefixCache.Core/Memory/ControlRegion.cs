using System.Runtime.CompilerServices;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Core.Memory;

/// <summary>The block table that workers read: a sealed memfd of its own, laid out as in <see cref="ControlRegionLayout"/>.</summary>
/// <remarks>
/// Owns the memory. The node only writes it: generations are kept in private memory and never read back, so nothing that happens to the
/// region can mislead the node. Not thread-safe: the caller holds the lock of the tier that owns it. Readers elsewhere need no lock.
/// </remarks>
public sealed unsafe class ControlRegion : IDisposable
{
    private readonly ulong[] _generations;
    private readonly bool[] _taken;
    private readonly int[] _freeEntries;
    private int _freeCount;

    private ControlRegion(MemoryFile file, int entryCount)
    {
        File = file;
        _generations = new ulong[entryCount];
        _taken = new bool[entryCount];
        _freeEntries = new int[entryCount];
        Array.Fill(_generations, ControlRegionLayout.InitialGeneration);
        // A stack with entry 0 on top: low entries are used first, so a reader touches few pages of a table that is mostly empty.
        for (int i = 0; i < entryCount; i++) _freeEntries[i] = entryCount - 1 - i;
        _freeCount = entryCount;
    }

    /// <summary>The shared memory, to hand to workers, who can map it for reading only. Owned by the region.</summary>
    public MemoryFile File { get; }

    /// <summary>Entries in the table.</summary>
    public int EntryCount => _generations.Length;

    /// <summary>Entries not taken.</summary>
    public int FreeEntryCount => _freeCount;

    /// <summary>Makes the region, all entries free.</summary>
    /// <param name="arena">The payload arena that the table describes.</param>
    /// <param name="entryCount">Most blocks that can exist at a time, above 0; 64 bytes each.</param>
    /// <exception cref="PosixException">The memory could not be had.</exception>
    public static ControlRegion Create(Arena arena, int entryCount) => Create(arena.Id, arena.CapacityBytes, entryCount);

    /// <summary>Makes the region, all entries free.</summary>
    /// <param name="arenaId">Id of the payload arena.</param>
    /// <param name="arenaBytes">Its bytes.</param>
    /// <param name="entryCount">Most blocks that can exist at a time, above 0; 64 bytes each.</param>
    /// <exception cref="PosixException">The memory could not be had.</exception>
    public static ControlRegion Create(Guid arenaId, long arenaBytes, int entryCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(arenaBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(entryCount);
        MemoryFile file =
            MemoryFile.Create("prefixcache-control", ControlRegionLayout.RegionBytes(entryCount), othersMayWrite: false);
        ControlRegion region = new(file, entryCount);
        region.WriteHeader(arenaId, arenaBytes);
        return region;
    }

    /// <summary>Takes a free entry, its generation odd.</summary>
    /// <param name="entry">Its number, 0 to <see cref="EntryCount"/> - 1.</param>
    /// <returns>False when all are taken.</returns>
    public bool TryTakeEntry(out int entry)
    {
        entry = -1;
        if (_freeCount == 0) return false;
        entry = _freeEntries[--_freeCount];
        _taken[entry] = true;
        return true;
    }

    /// <summary>Gives an entry back that is not published (any more).</summary>
    /// <exception cref="InvalidOperationException">The entry is published (retire it first) or not taken.</exception>
    public void ReturnEntry(int entry)
    {
        CheckTaken(entry);
        if (IsPublished(entry)) throw new InvalidOperationException($"Entry {entry} is published: retire it before it is returned.");
        _taken[entry] = false;
        _freeEntries[_freeCount++] = entry;
    }

    /// <summary>The entry's generation, from private memory.</summary>
    public ulong Generation(int entry) => _generations[entry];

    /// <summary>Whether the entry is published now.</summary>
    public bool IsPublished(int entry) => (_generations[entry] & 1) == 0;

    /// <summary>Moves the entry to the next odd generation: readers of older ones find out. Write payload after it.</summary>
    /// <returns>The odd generation, which names this write and no other.</returns>
    public ulong BeginWrite(int entry) => MoveToOdd(entry);

    /// <summary>Writes the fields, then publishes the entry with the next even generation.</summary>
    /// <param name="entry">An entry that is not published.</param>
    /// <param name="offset">Where the block begins in the arena, in bytes.</param>
    /// <param name="length">Bytes in use.</param>
    /// <param name="checksum">XXH3-64 over the segments' checksums, 0 while not sealed.</param>
    /// <param name="tokens">Tokens held.</param>
    /// <param name="segments">Segments held.</param>
    /// <returns>The even generation that readers compare with.</returns>
    /// <exception cref="InvalidOperationException">The entry is published already or not taken.</exception>
    public ulong Publish(int entry, long offset, long length, ulong checksum, int tokens, int segments)
    {
        CheckTaken(entry);
        if (IsPublished(entry)) throw new InvalidOperationException($"Entry {entry} is published already: begin a write first.");
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(segments);

        byte* at = At(entry);
        Unsafe.Write(at + ControlRegionLayout.BlockOffsetOffset, offset);
        Unsafe.Write(at + ControlRegionLayout.BlockLengthOffset, length);
        Unsafe.Write(at + ControlRegionLayout.ChecksumOffset, checksum);
        Unsafe.Write(at + ControlRegionLayout.TokensOffset, tokens);
        Unsafe.Write(at + ControlRegionLayout.SegmentsOffset, segments);
        ulong generation = ++_generations[entry];
        Volatile.Write(ref *(ulong*)(at + ControlRegionLayout.GenerationOffset), generation);
        return generation;
    }

    /// <summary>Gives a published entry its checksum. Readers of the entry see none or this one; its generation stays.</summary>
    /// <exception cref="InvalidOperationException">The entry is not published.</exception>
    public void Seal(int entry, ulong checksum)
    {
        CheckTaken(entry);
        if (!IsPublished(entry)) throw new InvalidOperationException($"Entry {entry} is not published: there is nothing to seal.");
        Volatile.Write(ref *(ulong*)(At(entry) + ControlRegionLayout.ChecksumOffset), checksum);
    }

    /// <summary>Withdraws the entry: the next odd generation. Call before the block's memory is used for anything else.</summary>
    /// <returns>The odd generation.</returns>
    public ulong Retire(int entry) => MoveToOdd(entry);

    /// <summary>Gives the memory back once no other process maps it. A second call does nothing.</summary>
    public void Dispose() => File.Dispose();

    private ulong MoveToOdd(int entry)
    {
        CheckTaken(entry);
        ulong generation = _generations[entry] += IsPublished(entry) ? 1UL : 2UL;
        Volatile.Write(ref *(ulong*)(At(entry) + ControlRegionLayout.GenerationOffset), generation);
        // A release store orders what came before it. The writes that follow, of fields and payload, must not be seen earlier either.
        Interlocked.MemoryBarrier();
        return generation;
    }

    private void WriteHeader(Guid arenaId, long arenaBytes)
    {
        byte* start = File.Pointer;
        for (int entry = 0; entry < EntryCount; entry++)
            Unsafe.Write(At(entry) + ControlRegionLayout.GenerationOffset, ControlRegionLayout.InitialGeneration);

        Unsafe.Write(start + ControlRegionLayout.VersionMajorOffset, ControlRegionLayout.VersionMajor);
        Unsafe.Write(start + ControlRegionLayout.VersionMinorOffset, ControlRegionLayout.VersionMinor);
        arenaId.TryWriteBytes(new Span<byte>(start + ControlRegionLayout.ArenaIdOffset, 16), bigEndian: true, out _);
        Unsafe.Write(start + ControlRegionLayout.ArenaBytesOffset, arenaBytes);
        Unsafe.Write(start + ControlRegionLayout.TableOffsetOffset, (long)ControlRegionLayout.HeaderSize);
        Unsafe.Write(start + ControlRegionLayout.EntrySizeOffset, ControlRegionLayout.EntrySize);
        Unsafe.Write(start + ControlRegionLayout.EntryCountOffset, EntryCount);
        Volatile.Write(ref *(ulong*)(start + ControlRegionLayout.MagicOffset), ControlRegionLayout.Magic);
    }

    private byte* At(int entry) => File.Pointer + ControlRegionLayout.EntryOffset(entry);

    private void CheckTaken(int entry)
    {
        if ((uint)entry >= (uint)EntryCount || !_taken[entry])
            throw new InvalidOperationException($"Entry {entry} is not taken (the table has {EntryCount} entries).");
    }
}
