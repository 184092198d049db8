using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Transfers;

public class ConcurrencyTests
{
    private const int Threads = 4;
    private const int Rounds = 500;
    private static readonly string[] Spaces = ["", "other"];

    /// <summary>
    /// More chunks are in use than the arena holds, two namespaces are cleared now and then, and every byte that is retrieved is compared.
    /// </summary>
    [Fact]
    public async Task Node_SeveralThreads_ServesRightBytesAndEndsEmpty()
    {
        using var node = new TestNode(pages: 24, high: 0.95, low: 0.8);
        using var start = new Barrier(Threads);
        var cancel = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(() =>
        {
            start.SignalAndWait(cancel);
            Run(node, thread);
        }, cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        node.AssertIdle();
        Assert.Equal(0, node.Now.Sessions);
        var counters = node.Node.Counters;
        Assert.True(counters is { TokensHit: > 0, ChunksEvicted: > 0, ChunksCommitted: > 0, StoresAborted: > 0 });
        node.Node.ClearTenant(node.Scheduler());
        node.AssertEmpty();
    }

    /// <summary>
    /// A store of many chunks takes its blocks in parts; its reservation, its namespace or its node may go between two of them.
    /// </summary>
    [Theory]
    [InlineData("release")]
    [InlineData("end")]
    [InlineData("clear")]
    [InlineData("evict")]
    public async Task Open_TheGroundGoesMeanwhile_LeavesNothing(string what)
    {
        using var node = new TestNode(pages: 512, high: 0.95, low: 0.8);
        using var start = new Barrier(2);
        var cancel = TestContext.Current.CancellationToken;
        var opened = 0;
        for (uint round = 0; round < 200; round++)
        {
            var session = node.Scheduler("writer");
            var other = node.Scheduler("other");
            var tokens = TokenList.Count(256 * 16, first: round * 10_000);
            var answer = node.Lookup(session, "long", tokens);
            var opening = Task.Run(() =>
            {
                start.SignalAndWait(cancel);
                return node.TryOpenStore(session, answer);
            }, cancel);
            start.SignalAndWait(cancel);
            if (what == "release") node.Done(session, answer);
            else if (what == "end") node.Node.Sessions.End(session);
            else if (what == "clear") node.Node.ClearTenant(other);
            else node.Put(other, TokenList.Count(300 * 16, first: 5_000_000 + (round * 10_000)));

            if ((await opening).Succeeded(out var transfer, out var error))
            {
                opened++;
                Assert.Equal(256, transfer.Decisions.Count);
                foreach (var write in transfer.Writes) TestNode.Commit(transfer, write, tokens);
                transfer.Dispose();
            }
            else
            {
                Assert.Equal(CacheStatus.NotFound, error.Status);
            }

            node.Node.Sessions.End(session);
            node.Node.Sessions.End(other);
            node.AssertIdle();
        }

        if (what is "clear" or "evict") Assert.Equal(200, opened);
        node.Node.ClearTenant(node.Scheduler());
        node.AssertEmpty();
    }

    private static void Run(TestNode node, int thread)
    {
        var random = new Random(thread);
        var session = node.Scheduler($"engine {thread}");
        for (var round = 0; round < Rounds; round++)
        {
            var space = Spaces[random.Next(2)];
            var tokens = TokenList.Count(random.Next(1, 100), first: (uint)random.Next(4) * 1000);
            var answer = node.Lookup(session, $"request {round % 3}", tokens, salt: space);
            node.Verify(session, answer, tokens, space: space);
            Store(node, session, answer, tokens, space, abort: random.Next(8) == 0);
            if (random.Next(4) == 0) node.Verify(session, node.Lookup(session, $"request {round % 3}", tokens, salt: space), tokens,
                space: space);
            Assert.InRange(node.Now.AllocatedBytes, 0, 24 * TestNode.PageBytes);
            if (random.Next(40) == 0) TestNode.Value(node.Node.ClearNamespace(session, node.Layout, space, ""));
            if (random.Next(30) == 0) session = Reopen(node, session, thread);
            else node.Done(session, answer);
        }

        node.Node.Sessions.End(session);
    }

    private static void Store(TestNode node, Session session, LookupAnswer answer, uint[] tokens, string space, bool abort)
    {
        using var transfer = node.OpenStore(session, answer);
        foreach (var write in transfer.Writes)
        {
            if (abort && write.Handle > 1) return;
            TestNode.Commit(transfer, write, tokens, space: space);
        }
    }

    private static Session Reopen(TestNode node, Session session, int thread)
    {
        node.Node.Sessions.End(session);
        Assert.Equal(CacheStatus.NotFound, node.TryLookup(session, "late", [1]).Error!.Status);
        return node.Scheduler($"engine {thread}");
    }
}
