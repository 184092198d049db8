using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>A worker's view of a control region: the table that says which blocks lie in an arena.</summary>
/// <remarks>
/// Owns the mapping and is used by the <see cref="MappedArena"/> that holds it, whose holders keep it. Thread-safe.
/// </remarks>
internal sealed unsafe class ControlView : IDisposable
{
    private readonly MemoryMapping _mapping;
    private readonly int _entries;
    private readonly long _table;
    private readonly int _entryBytes;

    private ControlView(MemoryMapping mapping)
    {
        _mapping = mapping;
        var header = mapping.Pointer;
        // Read once and checked as read: what the node does to the header later must not lead out of the mapping.
        ArenaId = new Guid(new ReadOnlySpan<byte>(header + ControlRegionLayout.ArenaIdOffset, 16), bigEndian: true);
        ArenaBytes = *(long*)(header + ControlRegionLayout.ArenaBytesOffset);
        _table = *(long*)(header + ControlRegionLayout.TableOffsetOffset);
        _entryBytes = *(int*)(header + ControlRegionLayout.EntrySizeOffset);
        _entries = *(int*)(header + ControlRegionLayout.EntryCountOffset);
        if (Fault() is { } fault) throw new IOException(fault);
    }

    public Guid ArenaId { get; }

    /// <summary>Bytes of the arena that the table describes, above 0.</summary>
    public long ArenaBytes { get; }

    /// <exception cref="IOException">It is no control region that this version understands, or not sealed.</exception>
    /// <exception cref="PosixException">The memory cannot be mapped.</exception>
    public static ControlView Map(SafeFileHandle file)
    {
        var mapping = SealedMapping.Map(file, ControlRegionLayout.HeaderSize, writable: false);
        try
        {
            return new ControlView(mapping);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    /// <summary>The header describes other memory than the one that came with it.</summary>
    public static IOException Misfit() => new("The control region's header does not fit the memory that came with it.");

    /// <inheritdoc cref="MappedArena.TryBegin"/>
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
        return fields.Offset >= 0 && fields.Length >= 0 && fields.Offset <= ArenaBytes - fields.Length;
    }

    /// <inheritdoc cref="MappedArena.Confirm"/>
    public bool Confirm(int entry, ulong generation)
    {
        // The copy's loads must be done before the generation is loaded again; an acquire load does not order what came before it.
        Interlocked.MemoryBarrier();
        return Generation(entry) == generation;
    }

    public void Dispose() => _mapping.Dispose();

    private string? Fault()
    {
        var header = _mapping.Pointer;
        if (Volatile.Read(ref *(ulong*)(header + ControlRegionLayout.MagicOffset)) != ControlRegionLayout.Magic)
            return "The control region does not begin with PFXCTRL1: it is not a PrefixCache node's.";
        var major = *(uint*)(header + ControlRegionLayout.VersionMajorOffset);
        if (major != ControlRegionLayout.VersionMajor)
        {
            return $"The control region has version {major}, this client reads {ControlRegionLayout.VersionMajor}: "
                + "use a client of the node's version.";
        }

        return ArenaBytes > 0 && _table >= ControlRegionLayout.HeaderSize && _table % 8 == 0
            && _entryBytes >= ControlRegionLayout.EntrySize && _entryBytes % 8 == 0 && _entries >= 0
            && _table <= _mapping.Length && (long)_entries * _entryBytes <= _mapping.Length - _table
            ? null
            : Misfit().Message;
    }

    private byte* Entry(int entry) => _mapping.Pointer + _table + ((long)entry * _entryBytes);

    private ulong Generation(int entry) => Volatile.Read(ref *(ulong*)(Entry(entry) + ControlRegionLayout.GenerationOffset));
}
