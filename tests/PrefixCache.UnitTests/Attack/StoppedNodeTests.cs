using PrefixCache.Core.Results;

namespace PrefixCache.UnitTests.Attack;

/// <summary>A node that stops under transfers that do not.</summary>
public class StoppedNodeTests
{
    private static readonly uint[] Tokens = TokenList.Count(32);

    [Fact]
    public void Dispose_UnderATransfer_KeepsItsMemoryUntilItEnds()
    {
        var node = new TestNode();
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", Tokens);
        var store = node.OpenStore(session, answer);
        TestNode.Commit(store, store.Writes[0], Tokens);
        var read = TestNode.Value(node.TryRetrieve(session, node.Lookup(session, "a", Tokens).Reservation));
        var block = read.Chunks[0].Block;
        var written = store.Writes[1].Block;

        node.Dispose();

        Assert.NotEqual(0, block.Payload.Span.IndexOfAnyExcept((byte)0) + 1);
        written.Payload.Span.Fill(7);
        store.Dispose();
        store.Dispose();
        Assert.Equal(7, written.Payload.Span[^1]);
        read.Dispose();
        Assert.Throws<ObjectDisposedException>(() => block.Payload.Span.Length);
    }

    [Fact]
    public void Open_AfterDispose_IsRefused()
    {
        var node = new TestNode();
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", Tokens);
        node.Dispose();

        TestNode.Fails(CacheStatus.FailedPrecondition, "has stopped", node.TryOpenStore(session, answer));
        TestNode.Fails(CacheStatus.FailedPrecondition, "has stopped", node.TryRetrieve(session, answer.Reservation));
        TestNode.Fails(CacheStatus.FailedPrecondition, "has stopped", node.TryLookup(session, "b", Tokens));
    }

    [Fact]
    public void End_AfterDispose_TouchesNothing()
    {
        var node = new TestNode(change: options => options with { MinPartialTokens = 4 });
        var session = node.Scheduler();
        node.Put(session, Tokens[..24]);
        var answer = node.Lookup(session, "a", Tokens[..24]);

        // A longer chunk contains the leased tail, which goes with its last lease.
        node.Put(session, Tokens);
        Assert.Equal(24, answer.HitTokens);
        node.Dispose();

        TestNode.Fails(CacheStatus.FailedPrecondition, "has stopped", node.TryLookup(session, "a", Tokens));
        Assert.Equal(0, node.Node.ClearTenant(session));
        node.Node.Sessions.End(session);
        Assert.Equal(0, node.Now.Leases);
    }
}
