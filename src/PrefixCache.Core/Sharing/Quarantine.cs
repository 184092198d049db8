using PrefixCache.Core.Blocks;
using PrefixCache.Core.Transfers;

namespace PrefixCache.Core.Sharing;

/// <summary>
/// Blocks that were handed out for writing and whose writer was cut off: it may still write, so they are nobody's until it says that it has
/// stopped, or its process is dead.
/// </summary>
/// <remarks>Every method is called under the node's lock.</remarks>
internal sealed class Quarantine(ChunkStore store, long maxBytes)
{
    private readonly Dictionary<ulong, Entry> _byGrant = [];

    /// <summary>Stores whose writers are at work: one of them may say that it has stopped before its call is seen to end.</summary>
    private readonly Dictionary<ulong, StoreTransfer> _writing = [];

    public int Blocks { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>More of it would take too much of the arena: writers get no extents until some of it is settled.</summary>
    public bool IsFull => Bytes > maxBytes;

    /// <summary>A store was granted extents.</summary>
    public void Begin(ulong grant, StoreTransfer transfer) => _writing.Add(grant, transfer);

    /// <summary>A store has ended. The blocks that it leaves go back at once where the process is dead already.</summary>
    /// <param name="blocks">Those that their writer may still write into.</param>
    public void End(ulong grant, WorkerProcess process, IReadOnlyList<Block> blocks)
    {
        _writing.Remove(grant);
        if (blocks.Count == 0) return;
        var entry = new Entry(process, blocks);
        if (process.IsDead)
        {
            Free(entry);
            return;
        }

        _byGrant.Add(grant, entry);
        Blocks += blocks.Count;
        Bytes += entry.Bytes;
    }

    /// <summary>The writer says that it has stopped.</summary>
    public bool TrySettle(ulong grant)
    {
        if (_byGrant.Remove(grant, out var entry)) Return(entry);
        else if (_writing.TryGetValue(grant, out var transfer)) transfer.WriterStopped();
        else return false;
        return true;
    }

    /// <summary>The process is dead: whatever it was writing goes back.</summary>
    public void Settle(WorkerProcess process)
    {
        foreach (var (grant, entry) in _byGrant.Where(pair => pair.Value.Process == process).ToList())
        {
            _byGrant.Remove(grant);
            Return(entry);
        }
    }

    private void Return(Entry entry)
    {
        Blocks -= entry.Blocks.Count;
        Bytes -= entry.Bytes;
        Free(entry);
    }

    private void Free(Entry entry)
    {
        foreach (var block in entry.Blocks) store.FreeWritten(block);
    }

    private sealed record Entry(WorkerProcess Process, IReadOnlyList<Block> Blocks)
    {
        public long Bytes { get; } = Blocks.Sum(block => block.Extent.Length);
    }
}
