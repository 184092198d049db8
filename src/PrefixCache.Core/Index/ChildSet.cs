using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Index;

/// <summary>Chunks behind one parent, found by the tokens that they begin with, however many there are.</summary>
/// <remarks>
/// A path-compressed trie (Patricia): a branch stands where two chunks differ first, and names the way on by the token there. A search
/// looks at one token a branch and compares whole tokens once, with the chunk where it ends: that chunk shares most with the text, and so
/// does every chunk below the last branch that the text followed. Nearly every chunk has one child, which costs no branch. Protected by the
/// node's lock.
/// </remarks>
internal struct ChildSet
{
    /// <summary>Null, a <see cref="ChunkNode"/> or a <see cref="Branch"/>.</summary>
    private object? _root;

    public readonly bool IsEmpty => _root is null;

    /// <summary>The chunk that shares most leading tokens with the text.</summary>
    public readonly Neighbour Nearest(in ChunkText text)
    {
        if (_root is null) return default;
        var at = _root;
        while (at is Branch branch) at = branch.Next(text);
        var node = (ChunkNode)at;
        var common = text.CommonTokens(node.Text);
        return new Neighbour(node, common, Sharers(text, common, node));
    }

    /// <summary>The chunk with exactly these tokens.</summary>
    public readonly ChunkNode? Find(in ChunkText text)
    {
        var at = _root;
        while (at is Branch branch) at = branch.Exact(text);
        return at is ChunkNode node && node.TokenCount == text.Count && text.CommonTokens(node.Text) == text.Count ? node : null;
    }

    /// <summary>The shortest chunk on the way to the nearest one that has the first <paramref name="tokens"/> tokens of the text.</summary>
    /// <param name="text">Shares at least so many with the nearest.</param>
    public readonly ChunkNode? Shortest(in ChunkText text, int tokens)
    {
        var at = _root;
        while (at is Branch branch)
        {
            if (branch.Depth >= tokens && branch.Ended is { } ended) return ended;
            at = branch.Next(text);
        }

        return (ChunkNode?)at;
    }

    /// <summary>The longest chunk of <paramref name="tokens"/> tokens or less with which the text begins.</summary>
    public readonly ChunkNode? LongestWithin(in ChunkText text, int tokens)
    {
        ChunkNode? longest = null;
        tokens = Math.Min(tokens, Nearest(text).Common);
        var at = _root;
        while (at is Branch branch && branch.Depth <= tokens)
        {
            longest = branch.Ended ?? longest;
            at = branch.Next(text);
        }

        return at is ChunkNode node && node.TokenCount <= tokens ? node : longest;
    }

    /// <summary>False when a chunk with the same tokens is there, or one whose item cannot be told from this one's.</summary>
    public bool TryAdd(ChunkNode node)
    {
        if (_root is null)
        {
            _root = node;
            return true;
        }

        var text = node.Text;
        var common = Nearest(text).Common;
        ref var slot = ref _root;
        while (slot is Branch above && above.Depth < common) slot = ref above.Slot(text.Symbol(above.Depth));
        if (slot is Branch at && at.Depth == common) return at.TryAdd(node, text);
        var branch = new Branch(common);
        if (slot is ChunkNode leaf ? !branch.TryAdd(leaf, leaf.Text) : !branch.TryAdd((Branch)slot!)) return false;
        if (!branch.TryAdd(node, text)) return false;
        slot = branch;
        return true;
    }

    /// <summary>Takes a chunk out, which still has its tokens.</summary>
    public void Remove(ChunkNode node)
    {
        var text = node.Text;
        ref var slot = ref _root;
        while (slot is Branch branch)
        {
            if (branch.TryRemove(node, text))
            {
                slot = branch.Only ?? branch;
                return;
            }

            slot = ref branch.Slot(text.Symbol(branch.Depth));
        }

        if (slot == node) slot = null;
    }

    /// <summary>Every chunk, in no order.</summary>
    public readonly void CopyTo(List<ChunkNode> nodes)
    {
        if (_root is ChunkNode only) nodes.Add(only);
        else if (_root is Branch branch) branch.CopyTo(nodes);
    }

    private readonly int Sharers(in ChunkText text, int depth, ChunkNode nearest)
    {
        var at = _root;
        while (at is Branch branch && branch.Depth < depth) at = branch.Next(text);
        return at is Branch shared && shared.Depth == depth ? shared.Ways : nearest.TokenCount > depth ? 1 : 0;
    }

    /// <summary>Where chunks that share their first <see cref="Depth"/> tokens differ.</summary>
    private sealed class Branch(int depth)
    {
        /// <summary>Up to so many ways a scan is faster than a table.</summary>
        private const int MaxScanned = 8;

        private (ulong Symbol, object Child)[] _ways = new (ulong, object)[2];
        private int _count;
        private Dictionary<ulong, int>? _index;

        public int Depth { get; } = depth;

        /// <summary>Ways on.</summary>
        public int Ways => _count;

        /// <summary>The chunk that ends here.</summary>
        public ChunkNode? Ended { get; private set; }

        /// <summary>All that is left, where one child is; the branch is not needed then.</summary>
        public object? Only => _count + (Ended is null ? 0 : 1) > 1 ? null : (object?)Ended ?? _ways[0].Child;

        /// <summary>The way that the text goes, or any: all below share the same with a text that goes none.</summary>
        public object Next(in ChunkText text) => Exact(text) ?? Ended ?? _ways[0].Child;

        public object? Exact(in ChunkText text)
        {
            if (text.Count == Depth) return Ended;
            var way = text.Count > Depth ? Find(text.Symbol(Depth)) : -1;
            return way < 0 ? null : _ways[way].Child;
        }

        /// <summary>The child on a way that is there.</summary>
        public ref object? Slot(ulong symbol) => ref _ways[Find(symbol)].Child!;

        public bool TryAdd(ChunkNode node, in ChunkText text)
        {
            if (text.Count > Depth) return TryAdd(text.Symbol(Depth), node);
            if (Ended is not null) return false;
            Ended = node;
            return true;
        }

        /// <param name="below">All its chunks share the token behind this branch.</param>
        public bool TryAdd(Branch below)
        {
            object any = below;
            while (any is Branch branch) any = (object?)branch.Ended ?? branch._ways[0].Child;
            return TryAdd(((ChunkNode)any).Text.Symbol(Depth), below);
        }

        /// <summary>False when the chunk is no direct child.</summary>
        public bool TryRemove(ChunkNode node, in ChunkText text)
        {
            if (text.Count == Depth)
            {
                Ended = null;
                return true;
            }

            var way = Find(text.Symbol(Depth));
            if (_ways[way].Child != node) return false;
            _index?.Remove(_ways[way].Symbol);
            if (way != --_count)
            {
                _ways[way] = _ways[_count];
                if (_index is not null) _index[_ways[way].Symbol] = way;
            }

            _ways[_count] = default;
            return true;
        }

        public void CopyTo(List<ChunkNode> nodes)
        {
            if (Ended is not null) nodes.Add(Ended);
            for (var way = 0; way < _count; way++)
            {
                if (_ways[way].Child is ChunkNode node) nodes.Add(node);
                else ((Branch)_ways[way].Child).CopyTo(nodes);
            }
        }

        private bool TryAdd(ulong symbol, object child)
        {
            if (Find(symbol) >= 0) return false;
            if (_count == _ways.Length) Array.Resize(ref _ways, _count * 2);
            _ways[_count] = (symbol, child);
            if (_index is not null) _index.Add(symbol, _count);
            else if (_count == MaxScanned) Index();
            _count++;
            return true;
        }

        private void Index()
        {
            _index = [];
            for (var way = 0; way <= _count; way++) _index.Add(_ways[way].Symbol, way);
        }

        private int Find(ulong symbol)
        {
            if (_index is not null) return _index.TryGetValue(symbol, out var found) ? found : -1;
            for (var way = 0; way < _count; way++)
                if (_ways[way].Symbol == symbol) return way;
            return -1;
        }
    }
}
