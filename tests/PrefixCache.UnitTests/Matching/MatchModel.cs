using System.Runtime.InteropServices;
using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Matching;

/// <summary>
/// A naive match beside a real node: it looks at every complete chunk in the tree, one token after the other, and says what the longest
/// prefix is that they can serve. Hits must have that length, and every byte must be what the tokens' KV is.
/// </summary>
internal sealed class MatchModel : IDisposable
{
    private const int ChunkTokens = TestNode.ChunkTokens;

    private readonly TestNode _node;
    private readonly KvLayout _layout = TestNode.TwoShards();
    private readonly Session _session;
    private readonly int _minTokens;
    private NamespaceTree? _tree;
    private int _request;

    public MatchModel(int pages, int minTokens)
    {
        _minTokens = minTokens;
        _node = new TestNode(pages, layout: _layout, change: options => options with { MinPartialTokens = minTokens });
        _session = _node.Scheduler();
    }

    public long BranchPointsMade => _node.Node.Counters.BranchPointsMade;

    /// <summary>Looks a prompt up, checks the hit and its bytes, stores the prompt and releases it.</summary>
    /// <param name="shards">How many of its shards are stored.</param>
    public void Serve(Prompt prompt, int align, int shards)
    {
        var answer = TestNode.Value(_node.Node.Lookups.Lookup(
            new LookupQuery(_session, $"{_request++}", _node.Layout, "", "", 0, align), Buffer(prompt)));
        var hit = Expected(prompt);
        Assert.Equal(hit / align * align, answer.HitTokens);
        Check(answer, prompt);
        for (var shard = 0; shard < shards; shard++) Store(answer, prompt, shard);
        _node.Done(_session, answer);
        Settle();
        CheckCounts();
    }

    public void Dispose()
    {
        // The sealer may hold a lease a little longer.
        _node.Node.ClearTenant(_session);
        SpinWait.SpinUntil(() => _node.Now is { Leases: 0, Blocks: 0 }, TimeSpan.FromSeconds(20));
        _node.AssertEmpty();
        _node.Dispose();
    }

    private static TokenBuffer Buffer(Prompt prompt)
    {
        var buffer = new TokenBuffer(prompt.Tokens.Length, prompt.Items);
        MemoryMarshal.AsBytes(prompt.Tokens.AsSpan()).CopyTo(buffer.Memory.Span);
        return buffer;
    }

    private void Store(LookupAnswer answer, Prompt prompt, int shard)
    {
        using var transfer = _node.OpenStore(_session, answer, shard);
        foreach (var write in transfer.Writes)
        {
            _tree = write.Node.Tree;
            var first = ((int)write.Handle - 1) * ChunkTokens;
            CausalKv.Of(write.Block.Shape, shard, prompt.Tokens, prompt.Items, first, write.Block.Tokens).CopyTo(write.Block.Payload);
            transfer.Commit(write, write.Handle % 2 == 0 ? [] : KvBytes.Checksums(write.Block));
        }
    }

    private void Check(LookupAnswer answer, Prompt prompt)
    {
        for (var shard = 0; shard < _layout.Shards.Count; shard++)
        {
            using var transfer = TestNode.Value(_node.TryRetrieve(_session, answer.Reservation, shard));
            Assert.Equal(answer.HitTokens, transfer.Chunks.Sum(chunk => chunk.Tokens));
            foreach (var chunk in transfer.Chunks)
            {
                var first = (chunk.Position * ChunkTokens) + chunk.FirstToken;
                var expected = CausalKv.Of(chunk.Block.Shape, shard, prompt.Tokens, prompt.Items, first, chunk.Tokens);
                Assert.Equal(expected, Slice(chunk));
            }
        }
    }

    private static byte[] Slice(ChunkRead chunk)
    {
        var shape = chunk.Block.Shape;
        var slice = new ChunkSlice(shape, chunk.Block.Tokens, 0, shape.Segments, chunk.FirstToken, chunk.Tokens);
        var bytes = new List<byte>();
        for (var segment = 0; segment < shape.Segments; segment++)
        {
            var (offset, length) = slice.Run(segment);
            bytes.AddRange(chunk.Block.Payload.Span.Slice(offset, length));
        }

        return [.. bytes];
    }

    /// <summary>The longest prefix that complete chunks can serve.</summary>
    private int Expected(Prompt prompt)
    {
        if (_tree is null) return 0;
        var (longest, best) = (0, 0);
        var reachable = new List<ChunkNode?> { null };
        for (var position = 0; reachable.Count > 0; position++)
        {
            var next = new List<ChunkNode?>();
            foreach (var node in reachable.SelectMany(Complete))
            {
                var common = Common(node, prompt, position * ChunkTokens);
                if (common == ChunkTokens) next.Add(node);
                if (common == node.TokenCount || (_minTokens > 0 && common >= _minTokens)) best = (position * ChunkTokens) + common;
                longest = Math.Max(longest, best);
            }

            Assert.True(next.Count <= 1, "two chunks have the same tokens");
            reachable = next;
        }

        return longest;
    }

    private static int Common(ChunkNode node, Prompt prompt, int first)
    {
        var tokens = node.Text.Tokens;
        var items = node.Text.Items;
        for (var i = 0; i < tokens.Length; i++)
        {
            if (first + i >= prompt.Tokens.Length || tokens[i] != prompt.Tokens[first + i]) return i;
            byte[]? mine = null, theirs = null;
            foreach (var item in items) if (item.Position == i) mine = item.Digest;
            foreach (var item in prompt.Items) if (item.Position == first + i) theirs = item.Digest;
            if (!(mine ?? []).AsSpan().SequenceEqual(theirs ?? [])) return i;
        }

        return tokens.Length;
    }

    private IEnumerable<ChunkNode> Complete(ChunkNode? parent)
    {
        var nodes = new List<ChunkNode>();
        if (_tree!.IsDetached) return nodes;
        _tree.Behind(parent).Residents.CopyTo(nodes);
        _tree.Behind(parent).Others.CopyTo(nodes);
        return nodes.Where(node => node.IsComplete);
    }

    /// <summary>The walk above sees every chunk that the node counts, so that nothing is there which it does not know.</summary>
    private void CheckCounts()
    {
        if (_tree is null) return;
        var (complete, blocks) = (0, 0);
        var parents = new Queue<ChunkNode?>([null]);
        while (parents.TryDequeue(out var parent))
        {
            var nodes = new List<ChunkNode>();
            _tree.Behind(parent).Residents.CopyTo(nodes);
            Assert.All(nodes, node => Assert.True(node.IsComplete));
            _tree.Behind(parent).Others.CopyTo(nodes);
            foreach (var node in nodes)
            {
                if (node.IsComplete) complete++;
                blocks += node.Present;
                parents.Enqueue(node);
            }
        }

        Assert.Equal((_node.Now.Chunks, _node.Now.Blocks), (complete, blocks));
    }

    /// <summary>Branch points are made in the background; what is there is looked at when they are.</summary>
    private void Settle() => Assert.True(SpinWait.SpinUntil(() => _node.Now is { BranchPointsPending: 0, Leases: 0 }, TimeSpan.FromSeconds(20)));
}
