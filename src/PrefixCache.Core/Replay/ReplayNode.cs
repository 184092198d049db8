using System.Runtime.InteropServices;
using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Replay.Traces;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Replay;

/// <summary>One simulated node: the index, policy and admission of a real one over a tier that only counts.</summary>
/// <remarks>
/// Where the trace names blocks, a chunk is its number, in a layout of two tokens a chunk: nothing is cut, hashed or copied then.
/// `lru-flat` always runs so, for it knows no part of a chunk. Requests come one after the other, each stored at once. Not thread-safe.
/// </remarks>
internal sealed class ReplayNode : IDisposable
{
    /// <summary>Tokens of a whole chunk that is named by a number.</summary>
    private const int NameTokens = 2;

    /// <summary>Bytes of a token where nobody says; capacities are in chunks then.</summary>
    private const int AnyBytesPerToken = 256;

    private readonly ReplayTrace _trace;
    private readonly ChunkedTrace _chunks;
    private readonly ReplaySetup _setup;
    private readonly bool _hasNames;
    private readonly CountingTier _tier;
    private readonly ChunkStore _store;
    private readonly CacheCounters _counters = new();
    private readonly NamespaceTree?[] _trees;
    private readonly List<ChunkNode> _path = [];
    private readonly Queue<(ChunkNode Source, int Tokens)> _branches = [];
    private ulong _reservation;

    public ReplayNode(ReplayTrace trace, ChunkedTrace chunks, ReplaySetup setup)
    {
        (_trace, _chunks, _setup) = (trace, chunks, setup);
        _hasNames = !trace.HasTokens || setup.Policy == ReplayPolicies.FlatLru;
        _trees = new NamespaceTree?[trace.Namespaces];
        var capacity = Capacity(out var blockBytes);
        _tier = new CountingTier(capacity, blockBytes, setup.BytesPerToken);
        var chunkTokens = chunks.ChunkTokens(0);

        // Its clock counts what the layout says a token has, a sixteenth of a named block.
        var admission = new Admission(setup.Admission, _hasNames ? capacity / SizeClass.StepTokens * NameTokens : capacity);
        _store = new ChunkStore(
            _tier, ReplayPolicies.Make(setup.Policy), new GhostList(GhostTokens(chunkTokens)), admission, _counters);
        if (!_hasNames && setup.Mode == ReplayMode.All)
            _store.Branches = new BranchPointPlanner(_store, setup.MinPartialTokens, _counters, QueueBranch);
    }

    public long HitBlocks { get; private set; }

    public long HitTokens { get; private set; }

    public long Evictions => _counters.ChunksEvicted;

    public long StoredTokens => _tier.StoredTokens;

    public long PeakTokens => _tier.PeakTokens;

    private bool IsFlat => _setup.Policy == ReplayPolicies.FlatLru;

    /// <summary>A run within a chunk counts only where chunks have tokens, and short ones count.</summary>
    private int MinPartialTokens => _hasNames || _setup.Mode == ReplayMode.Full ? 0 : _setup.MinPartialTokens;

    public void Serve(int request)
    {
        var tree = Tree(request);
        var chunkTokens = tree.Layout.ChunkTokens;
        var prompt = _hasNames ? _chunks.Lookup(request) : Cut(_trace.Prompt(request), chunkTokens);
        var whole = _hasNames ? _chunks.Store(request) : Cut(_trace.Whole(request), chunkTokens);
        using var asked = _hasNames ? Names(prompt, _chunks.PromptTokens(request), request) : Buffer(prompt);
        using var stored = whole == prompt ? asked.Retain()
            : _hasNames ? Names(whole, _chunks.WholeTokens(request), request) : Buffer(whole);
        Lookup(tree, asked, request);
        Store(tree, stored, request);
        foreach (var node in _path) _store.Unlease(node);
        _path.Clear();
    }

    public void Dispose() => _tier.Dispose();

    private static TokenBuffer Buffer(ReadOnlySpan<uint> units)
    {
        var buffer = new TokenBuffer(units.Length);
        MemoryMarshal.AsBytes(units).CopyTo(buffer.Memory.Span);
        return buffer;
    }

    /// <summary>Two tokens for each whole chunk, one for a short one: that much of a chunk's length the index and the policy see.</summary>
    private TokenBuffer Names(ReadOnlySpan<uint> chunks, int tokens, int request)
    {
        var chunkTokens = _chunks.ChunkTokens(request);
        var endsShort = tokens < (long)chunks.Length * chunkTokens;
        var buffer = new TokenBuffer((chunks.Length * NameTokens) - (endsShort ? 1 : 0));
        var names = MemoryMarshal.Cast<byte, uint>(buffer.Memory.Span);
        names.Clear();
        for (var i = 0; i < chunks.Length; i++) names[i * NameTokens] = chunks[i];
        return buffer;
    }

    private ReadOnlySpan<uint> Cut(ReadOnlySpan<uint> tokens, int chunkTokens) =>
        _setup.Mode == ReplayMode.Full ? tokens[..(tokens.Length / chunkTokens * chunkTokens)] : tokens;

    /// <summary>What a lookup of the node does: walk, lease, tell the policy.</summary>
    private void Lookup(NamespaceTree tree, TokenBuffer tokens, int request)
    {
        var nearest = tree.Walk(_path, tokens);
        var whole = _path.Count;
        var served = 0;
        if (PrefixMatch.Tail(tree, _path, tokens, nearest, new MatchRule(MinPartialTokens), 0, out served) is { } tail) _path.Add(tail);
        Count(request, whole, served);

        // A flat cache holds nothing in place and uses chunk by chunk, as it stores them.
        if (IsFlat) _path.Clear();
        foreach (var node in _path) _store.Lease(node);
        if (!IsFlat) PrefixMatch.Use(tree, _path, served, MinPartialTokens);
    }

    private void Count(int request, int whole, int served)
    {
        if (_hasNames)
        {
            HitBlocks += _path.Count;
            HitTokens += _chunks.TokensOf(request, _path.Count);
            return;
        }

        var hit = (whole * _chunks.ChunkTokens(request)) + served;
        HitTokens += hit;
        HitBlocks += hit == _trace[request].PromptTokens ? _chunks.Lookup(request).Length : whole;
    }

    /// <summary>What a worker does behind it: it offers everything, and brings what is wanted.</summary>
    private void Store(NamespaceTree tree, TokenBuffer tokens, int request)
    {
        var lengths = new int[ChunkPosition.Count(tokens.Count, tree.Layout.ChunkTokens)];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = ChunkPosition.Tokens(i, tokens.Count, tree.Layout.ChunkTokens);

        // Its keys stay empty: a replay names nothing.
        var chain = new ChunkChain(tokens, tree.Layout.ChunkTokens, lengths);
        var taker = new StoreTaker(tree, 0, chain, ++_reservation, _counters);
        ChunkNode? parent = null;
        for (var position = 0; position < lengths.Length; position++)
        {
            _tier.NextTokens = _hasNames ? _chunks.StoredTokens(request, position) : 0;
            taker.Decide(new StoreOffer(ChunkPosition.Handle(position), lengths[position]));
            if (IsFlat) parent = UseFlat(tree, parent, chain.Text(position), taker);
        }

        if (IsFlat) return;
        foreach (var write in taker.Writes) _store.TryAttach(write.Node, 0, write.Block, []);
        _tier.NextTokens = 0;
        while (_branches.TryDequeue(out var branch)) MakeBranch(branch.Source, branch.Tokens);
    }

    /// <summary>A flat cache takes chunks in one by one: what comes later in the request may already push out what came before.</summary>
    private ChunkNode? UseFlat(NamespaceTree tree, ChunkNode? parent, in ChunkText text, StoreTaker taker)
    {
        if (taker.Decisions[^1].Action == StoreAction.Wanted)
        {
            var write = taker.Writes[^1];
            _store.TryAttach(write.Node, 0, write.Block, []);
            return write.Node;
        }

        var node = tree.Find(parent, text);
        if (node is not null) _store.Used([node]);
        return node;
    }

    private bool QueueBranch(ChunkNode source, int tokens)
    {
        _store.Lease(source);
        _branches.Enqueue((source, tokens));
        return true;
    }

    /// <summary>What the node's copier does in the background, without the copy.</summary>
    private void MakeBranch(ChunkNode source, int tokens)
    {
        var tree = source.Tree;
        var run = source.Text.Cut(tokens);
        if (source.Parent is not { IsGhost: true } && tree.Find(source.Parent, run) is null or { IsGhost: true }
            && tree.GetOrAdd(source.Parent, run, default) is { } node)
        {
            var shape = tree.Layout.Shapes[0];
            node.Writers++;
            var block = _store.Branches!.TryPlace(node)
                ? _store.TryAllocate(shape, new SizeClass(shape.BytesPerToken, tokens, tree.Layout.ChunkTokens))
                : null;
            if (block is null)
            {
                node.Writers--;
                _store.RemoveIfEmpty(node);
            }
            else if (_store.TryAttach(node, 0, block, []))
            {
                _store.Branches.Made(node);
            }
        }

        _store.Unlease(source);
    }

    private NamespaceTree Tree(int request) => _trees[_trace[request].Namespace] ??= new NamespaceTree(
        null, _store, new NamespaceKey("", "", "", default), Layout(_chunks.ChunkTokens(request)), 0);

    private KvLayout Layout(int chunkTokens)
    {
        var bytes = BytesPerToken(chunkTokens);
        return new KvLayout
        {
            Model = "replay",
            Revision = "",
            Type = KvType.BFloat16,
            ChunkTokens = _hasNames ? NameTokens : chunkTokens,
            Groups = [new LayerGroup { Layers = [0], Planes = 1, Heads = 1, HeadBytes = bytes }],
            Shards = [new LayoutShard { Layers = 1 }],
        };
    }

    /// <summary>Of the layout. A block of one or two tokens takes a step of 16, so a named block's bytes are spread over those.</summary>
    private int BytesPerToken(int chunkTokens)
    {
        if (_setup.BytesPerToken == 0) return AnyBytesPerToken;
        return checked((int)(_hasNames ? Math.Max(1, chunkTokens * _setup.BytesPerToken / SizeClass.StepTokens) : _setup.BytesPerToken));
    }

    private long Capacity(out long blockBytes)
    {
        blockBytes = 0;
        if (_setup.Capacity.IsBytes) return _setup.Capacity.Amount;
        var chunkTokens = _chunks.ChunkTokens(0);
        blockBytes = new SizeClass(BytesPerToken(chunkTokens), _hasNames ? NameTokens : chunkTokens, _hasNames ? NameTokens : chunkTokens).Bytes;
        return _setup.Capacity.IsUnlimited || _setup.Capacity.Amount > long.MaxValue / 2 / blockBytes
            ? long.MaxValue / 2
            : _setup.Capacity.Amount * blockBytes;
    }

    /// <summary>As many ghosts as a node would keep, whose chunks have tokens.</summary>
    private long GhostTokens(int chunkTokens) => IsFlat && _setup.Admission == AdmissionMode.Always ? 0 : _hasNames
        ? _setup.MaxGhostTokens / (chunkTokens + GhostList.OverheadTokens) * (NameTokens + GhostList.OverheadTokens)
        : _setup.MaxGhostTokens;
}
