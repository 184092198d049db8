using PrefixCache.Core.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Sharing;

/// <summary>Extents of hits, grants to write, and what becomes of writers that are cut off.</summary>
public sealed class SharingTests : IDisposable
{
    private static readonly uint[] Tokens = TokenList.Count(40);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TestNode _node = new();
    private readonly WorkerProcess _process = new(4711);

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Lookup_SessionThatHoldsTheArena_LocatesEveryChunkOfTheHit()
    {
        var session = Attached();
        _node.Put(session, Tokens);
        var answer = Locate(session, "r");
        var located = Assert.Single(answer.Located);
        Assert.Equal((0, 3), (located.Shard, located.Blocks.Count));
        Assert.Equal(_node.Node.Sharing.ArenaOf("default")!.Id, located.ArenaId);
        Assert.Equal([16, 16, 8], located.Blocks.Select(block => block.Tokens));
        Assert.All(located.Blocks, block => Assert.True(block.Generation > 0 && block.Generation % 2 == 0 && block.IsSealed));
        Assert.Equal(3, located.Blocks.Select(block => block.Offset).Distinct().Count());
        _node.Done(session, answer);
    }

    [Fact]
    public void Lookup_AlignedHit_LocatesOnlyChunksThatHaveAPartOfIt()
    {
        var session = Attached();
        _node.Put(session, Tokens);
        var query = new LookupQuery(session, "r", _node.Layout, "", "", 0, 32) { LocateShards = [0] };
        var answer = TestNode.Value(_node.Node.Lookups.Lookup(query, TokenList.Buffer(Tokens)));
        Assert.Equal((32, 2), (answer.HitTokens, answer.Located[0].Blocks.Count));
    }

    [Fact]
    public void Lookup_SessionWithoutTheArena_AnswersWithoutExtents()
    {
        var session = _node.Scheduler();
        _node.Put(session, Tokens);
        Assert.Empty(Locate(session, "r").Located);
    }

    [Fact]
    public void Lookup_ShardThatTheLayoutLacks_IsRefused() => TestNode.Fails(CacheStatus.InvalidArgument, "shard is 1",
        _node.Node.Lookups.Lookup(
            new LookupQuery(Attached(), "r", _node.Layout, "", "", 0, 0) { LocateShards = [1] }, TokenList.Buffer(Tokens)));

    [Fact]
    public void Locate_RankThatHoldsTheArena_GetsItsShardAlone()
    {
        using var node = new TestNode(layout: TestNode.TwoShards());
        var (scheduler, rank) = (node.Scheduler(), node.Rank(1));
        var answer = node.Lookup(scheduler, "r", Tokens);
        node.Store(scheduler, answer, Tokens, 0);
        node.Store(scheduler, answer, Tokens, 1);
        answer = node.Lookup(scheduler, "r", Tokens);
        TestNode.Fails(CacheStatus.FailedPrecondition, "holds no arena", node.Node.Sharing.Locate(rank, answer.Reservation, 1));
        TestNode.Value(node.Node.Sharing.Attach(rank, _process));
        Assert.Equal(3, TestNode.Value(node.Node.Sharing.Locate(rank, answer.Reservation, 1)).Blocks.Count);
        TestNode.Fails(CacheStatus.InvalidArgument, "does not hold shard 0", node.Node.Sharing.Locate(rank, answer.Reservation, 0));
        TestNode.Fails(CacheStatus.NotFound, "unknown or has ended", node.Node.Sharing.Locate(rank, answer.Reservation + 1, 1));
    }

    [Fact]
    public void Attach_EndedSessionOrDeadProcess_IsRefused()
    {
        var session = _node.Scheduler();
        _node.Node.Sharing.Ended(_process);
        TestNode.Fails(CacheStatus.FailedPrecondition, "is dead", _node.Node.Sharing.Attach(session, _process));
        _node.Node.Sessions.End(session);
        TestNode.Fails(CacheStatus.NotFound, "The session has ended", _node.Node.Sharing.Attach(session, new WorkerProcess(1)));
    }

    [Fact]
    public void Attach_SecondProcessUnderOneSession_IsRefusedWhileTheFirstLives()
    {
        var session = Attached();
        TestNode.Value(_node.Node.Sharing.Attach(session, _process));
        var second = new WorkerProcess(4712);
        TestNode.Fails(CacheStatus.FailedPrecondition, "Process 4711 holds the arena", _node.Node.Sharing.Attach(session, second));
        _node.Node.Sharing.Ended(_process);
        TestNode.Value(_node.Node.Sharing.Attach(session, second));
    }

    [Fact]
    public void Attach_ReadOnlySession_GetsThePayloadForReadingAndMayNotStore()
    {
        var session = TestNode.Value(
            _node.Node.Sessions.Open(new SessionRequest("default", "reader", SessionRole.Scheduler, IsReadOnly: true)));
        Assert.False(TestNode.Value(_node.Node.Sharing.Attach(session, _process)).Writable);
        Assert.True(TestNode.Value(_node.Node.Sharing.Attach(_node.Scheduler(), _process)).Writable);
        TestNode.Fails(CacheStatus.FailedPrecondition, "read_only", _node.TryOpenStore(session, _node.Lookup(session, "r", Tokens)));
    }

    [Fact]
    public void Attach_TenantsOfDifferentTrustDomains_GetDifferentArenas()
    {
        using var node = new TestNode(change: options => options with
        {
            ShareMainArena = false,
            TrustDomains = [new TrustDomainOptions("clinic", 16 * TestNode.PageBytes, ["a", "b"]),
                new TrustDomainOptions("lab", 32 * TestNode.PageBytes, ["c"])],
        });
        Arena Of(string tenant) =>
            TestNode.Value(node.Node.Sharing.Attach(node.Scheduler(Guid.NewGuid().ToString(), tenant), new WorkerProcess(1))).Arena;
        Assert.Equal(Of("a").Id, Of("b").Id);
        Assert.NotEqual(Of("a").Id, Of("c").Id);
        Assert.Equal(32 * TestNode.PageBytes, Of("c").CapacityBytes);
        Assert.Null(node.Node.Sharing.ArenaOf("d"));
        TestNode.Fails(CacheStatus.FailedPrecondition, "in no trust domain",
            node.Node.Sharing.Attach(node.Scheduler("engine-d", "d"), new WorkerProcess(1)));
    }

    [Fact]
    public void Store_TenantsOfDifferentTrustDomains_DoNotEvictOneAnother()
    {
        using var node = new TestNode(pages: 4, change: options => options with
        {
            TrustDomains = [new TrustDomainOptions("lab", 4 * TestNode.PageBytes, ["lab"])],
        });
        node.Node.Layouts.Register(node.Layout, "lab");
        var (main, lab) = (node.Scheduler(), node.Scheduler("lab", "lab"));
        node.Put(lab, Tokens);
        for (uint i = 0; i < 20; i++) node.Put(main, TokenList.Count(40, 100 + i));
        Assert.Equal(40, node.Hit(lab, Tokens));
        Assert.Equal(8 * TestNode.PageBytes, node.Now.CapacityBytes);
    }

    [Fact]
    public void Grant_CutOff_QuarantinesTheBlocksUntilTheProcessIsDead()
    {
        var session = Attached();
        var answer = _node.Lookup(session, "r", Tokens);
        using (var transfer = OpenShared(session, answer)) TestNode.Commit(transfer, transfer.Writes[0], Tokens);
        Assert.Equal((2, 0), (_node.Now.QuarantinedBlocks, _node.Now.WritingBlocks));
        Assert.Equal(3, _node.Now.Blocks);

        // What was committed stays, and nothing of the quarantine is handed out again.
        Assert.Equal(16, _node.Hit(session, Tokens));
        _node.Node.Sessions.End(session);
        Assert.Equal(2, _node.Now.QuarantinedBlocks);
        _node.Node.Sharing.Ended(_process);
        Assert.Equal((0, 0L, 1), (_node.Now.QuarantinedBlocks, _node.Now.QuarantinedBytes, _node.Now.Blocks));
    }

    [Fact]
    public void Grant_ProcessDiesFirst_TheBlocksGoBackAtOnce()
    {
        var session = Attached();
        using (OpenShared(session, _node.Lookup(session, "r", Tokens))) _node.Node.Sharing.Ended(_process);
        Assert.Equal((0, 0), (_node.Now.QuarantinedBlocks, _node.Now.Blocks));
    }

    [Fact]
    public void Grant_WriterEndsInOrder_TheBlocksGoBackAtOnce()
    {
        var session = Attached();
        using (var transfer = OpenShared(session, _node.Lookup(session, "r", Tokens))) transfer.WriterStopped();
        Assert.Equal((0, 0), (_node.Now.QuarantinedBlocks, _node.Now.Blocks));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Settle_BeforeOrAfterTheEndOfTheStore_GivesTheBlocksBack(bool before)
    {
        var session = Attached();
        var transfer = OpenShared(session, _node.Lookup(session, "r", Tokens));
        var grant = transfer.Grant!.Id;
        if (!before) transfer.Dispose();
        Assert.Null(_node.Node.Sharing.Settle(session, grant));
        transfer.Dispose();
        Assert.Equal((0, 0), (_node.Now.QuarantinedBlocks, _node.Now.Blocks));
        Assert.Equal(CacheStatus.NotFound, _node.Node.Sharing.Settle(session, grant)!.Status);
    }

    [Fact]
    public void Grant_QuarantineAboveItsCap_IsNotGivenUntilItIsSettled()
    {
        var session = Attached();
        var stopped = new List<ulong>();
        for (uint i = 0; ; i++)
        {
            using var transfer = OpenAny(session, _node.Lookup(session, "r" + i, TokenList.Count(40, i)));
            if (transfer.Grant is not { } grant) break;
            stopped.Add(grant.Id);
        }

        // 10 % of 64 pages: the third store of three blocks passes it.
        Assert.Equal((3, 9), (stopped.Count, _node.Now.QuarantinedBlocks));
        Assert.Null(_node.Node.Sharing.Settle(session, stopped[0]));
        using var again = OpenAny(session, _node.Lookup(session, "again", TokenList.Count(40, 900)));
        Assert.NotNull(again.Grant);
        again.WriterStopped();
    }

    [Fact]
    public void Quarantine_FullArena_IsNeverEvictedForOthers()
    {
        using var node = new TestNode(pages: 8);
        var session = node.Scheduler();
        TestNode.Value(node.Node.Sharing.Attach(session, _process));
        var transfer = TestNode.Value(node.Node.Stores.Open(
            session, node.Lookup(session, "r", Tokens).Reservation, 0, TestNode.Offers(node.Lookup(session, "r", Tokens)), share: true));
        var held = transfer.Writes.Select(write => write.Block.Offset).ToHashSet();
        transfer.Dispose();
        for (uint i = 1; i < 20; i++)
        {
            var answer = node.Lookup(session, "n" + i, TokenList.Count(48, i));
            using (var other = node.OpenStore(session, answer))
            {
                Assert.DoesNotContain(other.Writes, write => held.Contains(write.Block.Offset));
                foreach (var write in other.Writes) TestNode.Commit(other, write, TokenList.Count(48, i));
            }

            node.Done(session, answer);
        }

        Assert.Equal(3, node.Now.QuarantinedBlocks);
    }

    [Fact]
    public void Commit_WithoutChecksums_IsSealedInTheBackground()
    {
        var session = Attached();
        var answer = _node.Lookup(session, "r", Tokens);
        using (var transfer = OpenShared(session, answer))
        {
            foreach (var write in transfer.Writes)
            {
                KvBytes.Of("", 0, Tokens.AsSpan(0, (((int)write.Handle - 1) * TestNode.ChunkTokens) + write.Block.Tokens),
                    write.Block.Payload.Length).CopyTo(write.Block.Payload);
                Assert.Equal(StoreOutcome.Committed, transfer.Commit(write, []));
            }
        }

        var blocks = Locate(session, "r").Located[0].Blocks;
        Assert.True(SpinWait.SpinUntil(() => blocks.All(block => block.IsSealed), Limit), "The blocks are not sealed.");
        Assert.All(blocks, block => Assert.Equal(KvBytes.Checksums(block), block.Checksums.ToArray()));
        _node.Done(session, answer);

        // The sealer's own lease ends a moment after the seal.
        Assert.True(SpinWait.SpinUntil(() => _node.Now.Leases == 0, Limit), $"Leases are left: {_node.Now}");
    }

    private Session Attached()
    {
        var session = _node.Scheduler();
        TestNode.Value(_node.Node.Sharing.Attach(session, _process));
        return session;
    }

    private LookupAnswer Locate(Session session, string request) => TestNode.Value(_node.Node.Lookups.Lookup(
        new LookupQuery(session, request, _node.Layout, "", "", 0, 0) { LocateShards = [0] }, TokenList.Buffer(Tokens)));

    private StoreTransfer OpenShared(Session session, LookupAnswer answer)
    {
        var transfer = OpenAny(session, answer);
        Assert.NotNull(transfer.Grant);
        return transfer;
    }

    private StoreTransfer OpenAny(Session session, LookupAnswer answer) =>
        TestNode.Value(_node.Node.Stores.Open(session, answer.Reservation, 0, TestNode.Offers(answer), share: true));
}
