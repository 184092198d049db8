using PrefixCache.Core.Index;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Transfers;

/// <summary>A store is opened in parts: what becomes of the tree between them.</summary>
public sealed class StoreTakerTests : IDisposable
{
    private static readonly uint[] Tokens = TokenList.Count(48);

    private readonly TestNode _node = new(pages: 4);

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Decide_ParentEvictedBetweenTwoParts_IsRefusedForItsParent()
    {
        var session = _node.Scheduler();
        var tree = PutFirstChunk(session);
        var taker = Taker(tree);
        taker.Resume();
        taker.Decide(new StoreOffer(1, 16));

        for (uint i = 1; i <= 4; i++) _node.Put(session, TokenList.Count(16, first: i * 100));
        taker.Resume();
        taker.Decide(new StoreOffer(2, 16));
        taker.Decide(new StoreOffer(3, 16));

        Assert.Equal(
        [
            new StoreDecision(1, StoreAction.Present),
            new StoreDecision(2, StoreAction.Refused, RefusalReason.ParentMissing),
            new StoreDecision(3, StoreAction.Refused, RefusalReason.ParentMissing),
        ], taker.Decisions);
        Assert.Empty(taker.Writes);
    }

    [Fact]
    public void Decide_ParentEvictedAndStoredAgain_HangsOnTheNewOne()
    {
        var session = _node.Scheduler();
        var tree = PutFirstChunk(session);
        var taker = Taker(tree);
        taker.Resume();
        taker.Decide(new StoreOffer(1, 16));

        for (uint i = 1; i <= 4; i++) _node.Put(session, TokenList.Count(16, first: i * 100));
        _node.Put(session, Tokens[..16]);
        taker.Resume();
        taker.Decide(new StoreOffer(2, 16));

        var node = Assert.Single(taker.Writes).Node;
        Assert.False(node.Parent!.IsDetached);
        Assert.Equal(1, node.Parent.Children);
        tree.Store.Abandon(node, taker.Writes[0].Block);
    }

    [Fact]
    public void Decide_NamespaceClearedBetweenTwoParts_IsRefusedAndWhatWasTakenIsGivenBack()
    {
        var session = _node.Scheduler();
        var tree = PutFirstChunk(session);
        var taker = Taker(tree);
        taker.Resume();
        taker.Decide(new StoreOffer(1, 16));
        taker.Decide(new StoreOffer(2, 16));

        _node.Node.ClearTenant(session);
        taker.Resume();
        taker.Decide(new StoreOffer(3, 16));

        Assert.Equal([StoreAction.Present, StoreAction.Wanted, StoreAction.Refused], taker.Decisions.Select(decision => decision.Action));
        Assert.Equal(RefusalReason.ParentMissing, taker.Decisions[2].Reason);
        tree.Store.Abandon(taker.Writes[0].Node, taker.Writes[0].Block);
        _node.AssertEmpty();
    }

    private NamespaceTree PutFirstChunk(Core.Sessions.Session session)
    {
        var answer = _node.Lookup(session, "put", Tokens[..16]);
        using var transfer = _node.OpenStore(session, answer);
        var tree = Assert.Single(transfer.Writes).Node.Tree;
        TestNode.Commit(transfer, transfer.Writes[0], Tokens);
        _node.Done(session, answer);
        return tree;
    }

    private static StoreTaker Taker(NamespaceTree tree)
    {
        var chain = new ChunkChain(TokenList.Buffer(Tokens), TestNode.ChunkTokens, [16, 16, 16]);
        chain.ComputeKeys(tree.Root, 0);
        return new StoreTaker(tree, 0, chain, 1, new CacheCounters());
    }
}
