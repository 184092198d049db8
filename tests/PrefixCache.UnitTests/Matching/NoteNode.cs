using PrefixCache.Core;
using PrefixCache.Core.Index;
using PrefixCache.Core.Sessions;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Matching;

/// <summary>A node whose chunks have 256 tokens, of a page each, for prompts that share 900 tokens and go on with a note of their
/// own.</summary>
internal sealed class NoteNode : IDisposable
{
    public const int ChunkTokens = 256;
    public const int SharedTokens = 900;

    private readonly TestNode _node;
    private int _request;

    public NoteNode(int pages, Func<CacheNodeOptions, CacheNodeOptions>? change = null)
    {
        var layout = KvLayout.Uniform("notes", "r", KvType.BFloat16, 1, 1, 4, ChunkTokens);
        _node = new TestNode(pages, layout: layout, change: change);
        Session = _node.Scheduler();
    }

    public CacheNode Node => _node.Node;

    public TestNode Test => _node;

    public Session Session { get; }

    /// <summary>The shared tokens and a note that begins like no other.</summary>
    public static uint[] Prompt(uint note, int tokens = 300) =>
        [.. TokenList.Count(SharedTokens), .. Enumerable.Range(0, tokens).Select(i => 1_000_000 + (note * 1000) + (uint)i)];

    /// <summary>Looks up, stores what is wanted, releases; waits for branch points.</summary>
    /// <returns>The hit.</returns>
    public int Serve(uint[] tokens, int? storeLimit = null)
    {
        var answer = TestNode.Value(Node.Lookups.Lookup(
            new Core.Reservations.LookupQuery(Session, $"{_request++}", _node.Layout, "", "", 0, 0) { StoreLimit = storeLimit },
            TokenList.Buffer(tokens)));
        using (var transfer = _node.OpenStore(Session, answer))
        {
            foreach (var write in transfer.Writes)
            {
                var first = ((int)write.Handle - 1) * ChunkTokens;
                CausalKv.Of(write.Block.Shape, 0, tokens, [], first, write.Block.Tokens).CopyTo(write.Block.Payload);
                transfer.Commit(write, KvBytes.Checksums(write.Block));
            }
        }

        _node.Done(Session, answer);
        Assert.True(SpinWait.SpinUntil(() => _node.Now.BranchPointsPending == 0, TimeSpan.FromSeconds(20)));
        return answer.HitTokens;
    }

    /// <summary>Why the tokens of a prompt are no hit, from where it ends.</summary>
    public IReadOnlyList<MissReason> Misses(uint[] tokens, int align = 0)
    {
        var answer = _node.Lookup(Session, "why", tokens, align);
        _node.Done(Session, answer);
        return [.. answer.Misses.Select(miss => miss.Reason)];
    }

    public void Dispose() => _node.Dispose();
}
