using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>A worker's view of a node's arena: its payload and the table that says which blocks lie in it.</summary>
/// <remarks>
/// Owns both mappings; they outlive the node. Counted: a copy holds it between <see cref="TryAcquire"/> and <see cref="Release"/>, and the
/// mappings go when the owner has disposed and the last copy has ended. Thread-safe. A reader calls <see cref="TryBegin"/>, copies, and
/// calls <see cref="Confirm"/>: only then is what it copied right (docs/shared-memory.md).
/// </remarks>
public sealed unsafe class ArenaView : IDisposable
{
    private const long PopulatePieceBytes = 16 << 20;

    private readonly MemoryMapping _control;
    private readonly MemoryMapping _payload;
    private readonly int _entries;
    private readonly long _table;
    private readonly int _entryBytes;
    private int _holders = 1;
    private int _disposed;
    private Task _populated = Task.CompletedTask;

    private ArenaView(MemoryMapping control, MemoryMapping payload, bool writable)
    {
        _control = control;
        _payload = payload;
        IsWritable = writable;
        var header = control.Pointer;
        ArenaId = new Guid(new ReadOnlySpan<byte>(header + ControlRegionLayout.ArenaIdOffset, 16), bigEndian: true);
        // Read once and checked as read: what the node does to the header later must not lead out of the mapping.
        _table = *(long*)(header + ControlRegionLayout.TableOffsetOffset);
        _entryBytes = *(int*)(header + ControlRegionLayout.EntrySizeOffset);
        _entries = *(int*)(header + ControlRegionLayout.EntryCountOffset);
        if (Fault() is { } fault) throw new IOException(fault);
    }

    public Guid ArenaId { get; }

    /// <summary>The payload may be written.</summary>
    public bool IsWritable { get; }

    /// <summary>Bytes of the payload.</summary>
    public long Bytes => _payload.Length;

    /// <summary>Ends when <see cref="StartPopulating"/> has filled the page tables, or has given up.</summary>
    public Task Populated => _populated;

    /// <summary>Maps what a node has handed over; the descriptors may be closed afterwards.</summary>
    /// <exception cref="IOException">They are no arena that this version understands, or not sealed: a file that shrinks kills whoever
    /// touches
    /// what is gone.</exception>
    /// <exception cref="PosixException">The memory cannot be mapped.</exception>
    public static ArenaView Map(SafeFileHandle control, SafeFileHandle payload, bool writable)
    {
        var controlMap = MapWhole(control, ControlRegionLayout.HeaderSize, writable: false);
        MemoryMapping? payloadMap = null;
        try
        {
            payloadMap = MapWhole(payload, 1, writable);
            return new ArenaView(controlMap, payloadMap, writable);
        }
        catch
        {
            controlMap.Dispose();
            payloadMap?.Dispose();
            throw;
        }
    }

    /// <summary>A range of the payload; hold the view while you use it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public byte* Payload(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - length);
        return _payload.Pointer + offset;
    }

    /// <summary>Begins to read a block: its fields, if it is in place under this generation.</summary>
    /// <param name="entry">Its entry; one that the table lacks is not in place.</param>
    /// <param name="generation">From the extent.</param>
    /// <returns>False = a miss. The fields are those of this generation if <see cref="Confirm"/> says so after the copy.</returns>
    public bool TryBegin(int entry, ulong generation, out BlockEntry fields)
    {
        fields = default;
        if ((uint)entry >= (uint)_entries || (generation & 1) != 0 || Generation(entry) != generation) return false;
        var at = Entry(entry);
        fields = new BlockEntry(
            *(long*)(at + ControlRegionLayout.BlockOffsetOffset),
            *(long*)(at + ControlRegionLayout.BlockLengthOffset),
            Volatile.Read(ref *(ulong*)(at + ControlRegionLayout.ChecksumOffset)),
            *(int*)(at + ControlRegionLayout.TokensOffset),
            *(int*)(at + ControlRegionLayout.SegmentsOffset));
        return fields.Offset >= 0 && fields.Length >= 0 && fields.Offset <= Bytes - fields.Length;
    }

    /// <summary>Whether the block was in place from <see cref="TryBegin"/> until now: what was copied meanwhile is right.</summary>
    public bool Confirm(int entry, ulong generation)
    {
        // The copy's loads must be done before the generation is loaded again; an acquire load does not order what came before it.
        Interlocked.MemoryBarrier();
        return Generation(entry) == generation;
    }

    /// <summary>Holds the mappings for a copy; false when the view is disposed, whoever holds it still.</summary>
    public bool TryAcquire()
    {
        // Disposed after this look: the holders that are counted below keep the mappings for this copy too.
        if (Volatile.Read(ref _disposed) != 0) return false;
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders) return true;
            holders = seen;
        }

        return false;
    }

    /// <summary>Ends one <see cref="TryAcquire"/>.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0) return;
        _control.Dispose();
        _payload.Dispose();
    }

    /// <summary>
    /// Fills this process's page tables in the background, for the first touch of a page costs more than copying it. Once.
    /// </summary>
    public void StartPopulating()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _populated = done.Task;
        new Thread(() => Populate(done)) { IsBackground = true, Name = "PrefixCache populate", Priority = ThreadPriority.Lowest }.Start();
    }

    /// <summary>Lets the mappings go, with the last copy. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Release();
    }

    private static MemoryMapping MapWhole(SafeFileHandle file, long atLeast, bool writable)
    {
        var seals = LibC.FileControl(file, LibC.GetSeals, 0);
        if (seals < 0) throw PosixException.FromLastCall("fcntl(F_GET_SEALS)");
        if ((seals & (LibC.SealShrink | LibC.SealGrow)) != (LibC.SealShrink | LibC.SealGrow))
            throw new IOException("The memory is not sealed against resizing: it does not come from a PrefixCache node.");
        var length = RandomAccess.GetLength(file);
        return length >= atLeast
            ? MemoryMapping.Map(file, length, writable)
            : throw new IOException($"The memory has {length} bytes, {atLeast} or more were expected.");
    }

    private string? Fault()
    {
        var header = _control.Pointer;
        if (Volatile.Read(ref *(ulong*)(header + ControlRegionLayout.MagicOffset)) != ControlRegionLayout.Magic)
            return "The control region does not begin with PFXCTRL1: it is not a PrefixCache node's.";
        var major = *(uint*)(header + ControlRegionLayout.VersionMajorOffset);
        if (major != ControlRegionLayout.VersionMajor)
        {
            return $"The control region has version {major}, this client reads {ControlRegionLayout.VersionMajor}: "
                + "use a client of the node's version.";
        }

        return *(long*)(header + ControlRegionLayout.ArenaBytesOffset) == Bytes && _table >= ControlRegionLayout.HeaderSize
            && _table % 8 == 0 && _entryBytes >= ControlRegionLayout.EntrySize && _entryBytes % 8 == 0 && _entries >= 0
            && _table <= _control.Length && (long)_entries * _entryBytes <= _control.Length - _table
            ? null
            : "The control region's header does not fit the memory that came with it.";
    }

    private byte* Entry(int entry) => _control.Pointer + _table + ((long)entry * _entryBytes);

    private ulong Generation(int entry) => Volatile.Read(ref *(ulong*)(Entry(entry) + ControlRegionLayout.GenerationOffset));

    private void Populate(TaskCompletionSource done)
    {
        try
        {
            for (long offset = 0; offset < Bytes && TryAcquire(); offset += PopulatePieceBytes)
            {
                try
                {
                    _payload.Populate(offset, Math.Min(PopulatePieceBytes, Bytes - offset), IsWritable);
                }
                finally
                {
                    Release();
                }
            }
        }
        catch (PosixException)
        {
            // Copies pay for the rest, page by page.
        }

        done.SetResult();
    }
}
