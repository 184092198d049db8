namespace PrefixCache.Core.Replay.Curves;

/// <summary>How deep a chunk lies in the stack of chunks by last use (Mattson et al., 1970), in O(log n).</summary>
/// <remarks>
/// Every use takes the next slot of a line, and the slot of the use before is given up; a Fenwick tree counts the taken slots, so a chunk's
/// depth is the count from its own slot on. A full line is closed up. A chunk is in an LRU cache of C chunks exactly when its depth is at
/// most C, which makes one pass answer for every capacity. Not thread-safe.
/// </remarks>
internal sealed class StackDistances
{
    private const int Empty = -1;

    private readonly int[] _slotOf;
    private readonly int[] _chunkAt;
    private readonly int[] _tree;
    private int _next;

    /// <param name="names">Above every chunk's number.</param>
    public StackDistances(int names)
    {
        var slots = (int)Math.Min(Array.MaxLength - 1, Math.Max(1024, 2L * names));
        _slotOf = new int[names];
        _chunkAt = new int[slots];
        _tree = new int[slots + 1];
        Array.Fill(_slotOf, Empty);
        Array.Fill(_chunkAt, Empty);
    }

    /// <summary>Chunks that were used.</summary>
    public int Count { get; private set; }

    /// <summary>1 = used last; 0 = never used.</summary>
    public int Depth(uint chunk) => _slotOf[chunk] is var slot and >= 0 ? Count - Sum(slot) : 0;

    public void Use(uint chunk)
    {
        if (_next == _chunkAt.Length) CloseUp();
        if (_slotOf[chunk] is var old and >= 0)
        {
            _chunkAt[old] = Empty;
            Add(old, -1);
        }
        else
        {
            Count++;
        }

        _slotOf[chunk] = _next;
        _chunkAt[_next] = (int)chunk;
        Add(_next++, 1);
    }

    /// <summary>Taken slots before this one.</summary>
    private int Sum(int slot)
    {
        var sum = 0;
        for (; slot > 0; slot &= slot - 1) sum += _tree[slot];
        return sum;
    }

    private void Add(int slot, int change)
    {
        for (slot++; slot < _tree.Length; slot += slot & -slot) _tree[slot] += change;
    }

    private void CloseUp()
    {
        _next = 0;
        Array.Clear(_tree);
        for (var slot = 0; slot < _chunkAt.Length; slot++)
        {
            var chunk = _chunkAt[slot];
            if (chunk == Empty) continue;
            _chunkAt[slot] = Empty;
            _chunkAt[_next] = chunk;
            _slotOf[chunk] = _next;
            Add(_next++, 1);
        }
    }
}
