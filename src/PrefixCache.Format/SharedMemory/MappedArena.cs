namespace PrefixCache.Format.SharedMemory;

/// <summary>A worker's view of an arena of a node, in whatever memory: its control region, and who uses it.</summary>
/// <remarks>
/// Owns what is mapped; it outlives the node unless the subclass says otherwise. Counted: a copy holds it between <see cref="TryAcquire"/>
/// and <see cref="Release"/>, and the mappings go when the owner has disposed and the last copy has ended. Thread-safe. A reader calls
/// <see cref="TryBegin"/>, copies, and calls <see cref="Confirm"/>: only then is what it copied right (docs/shared-memory.md).
/// </remarks>
public abstract class MappedArena : IDisposable
{
    private readonly ControlView _control;
    private int _holders = 1;
    private int _disposed;

    private protected MappedArena(ControlView control) => _control = control;

    public Guid ArenaId => _control.ArenaId;

    /// <summary>Bytes of the payload.</summary>
    public long Bytes => _control.ArenaBytes;

    /// <summary>Begins to read a block: its fields, if it is in place under this generation.</summary>
    /// <param name="entry">Its entry; one that the table lacks is not in place.</param>
    /// <param name="generation">From the extent.</param>
    /// <param name="fields">Lie within the arena.</param>
    /// <returns>False = a miss. The fields are those of this generation if <see cref="Confirm"/> says so after the copy.</returns>
    public bool TryBegin(int entry, ulong generation, out BlockEntry fields) => _control.TryBegin(entry, generation, out fields);

    /// <summary>
    /// Whether the block was in place from <see cref="TryBegin"/> until now: what was copied meanwhile is right. After the end of the copy:
    /// of one that a device makes, after its event.
    /// </summary>
    public bool Confirm(int entry, ulong generation) => _control.Confirm(entry, generation);

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
        Unmap();
    }

    /// <summary>Lets the mappings go, with the last copy. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets the payload go. Once, when nobody uses it any more.</summary>
    private protected abstract void Unmap();

    private protected void CheckRange(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - length);
    }
}
