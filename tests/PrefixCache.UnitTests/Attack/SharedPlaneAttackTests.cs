using System.Reflection;
using Google.Protobuf;
using PrefixCache.Client;
using PrefixCache.Client.Sessions;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Client.Transfers;
using PrefixCache.Core.Blocks;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using KvType = PrefixCache.Format.Layouts.KvType;
using LayerGroup = PrefixCache.Format.Layouts.LayerGroup;
using ReleaseScope = PrefixCache.Core.Reservations.ReleaseScope;

namespace PrefixCache.UnitTests.Attack;

/// <summary>Copies that lose their leases, leases on chunks that are not whole, nodes that offer nonsense.</summary>
public sealed class SharedPlaneAttackTests
{
    private static readonly uint[] Tokens = TokenList.Count(32);

    [Fact]
    public void Held_SchedulerEndedTheLeasesWhileTheRankCopies_IsFalse()
    {
        using var node = new TestNode(pages: 4, layout: TestNode.TwoShards());
        var (scheduler, rank) = Stored(node, out var answer);
        var block = TestNode.Value(node.Node.Sharing.Locate(rank, answer.Reservation, 1)).Blocks[0];
        var before = block.Payload.ToArray();
        var payload = block.Payload;

        node.Release(scheduler, answer, ReleaseScope.Loaded);
        Overwrite(node);
        var changed = !payload.Span.SequenceEqual(before);
        var held = node.Release(rank, answer, ReleaseScope.Loaded).Held;
        Assert.True(changed, "the block's memory was not reused: the proof proves nothing");
        Assert.False(held, "held: true, but the rank's block was evicted and overwritten while it copied");
    }

    [Fact]
    public void Held_RankSessionLostAndReplacedWhileItsProcessCopies_IsFalse()
    {
        using var node = new TestNode(pages: 4, layout: TestNode.TwoShards());
        var (_, rank) = Stored(node, out var answer);
        var other = node.Rank(0);
        var block = TestNode.Value(node.Node.Sharing.Locate(rank, answer.Reservation, 1)).Blocks[0];
        var (payload, before) = (block.Payload, block.Payload.ToArray());

        // Its connection breaks: the end counts as its report. The process lives, copies on, and opens a session again.
        node.Node.Sessions.End(rank);
        node.Release(other, answer, ReleaseScope.Loaded);
        Overwrite(node);
        rank = node.Rank(1);
        var held = node.Release(rank, answer, ReleaseScope.Loaded).Held;
        Assert.False(payload.Span.SequenceEqual(before), "the block's memory was not reused: the proof proves nothing");
        Assert.False(held, "held: true, but the rank's block was evicted and overwritten while it copied");
    }

    [Fact]
    public void Held_NamespaceClearedAndLookedUpAgainWhileTheRankCopies_IsFalse()
    {
        using var node = new TestNode(pages: 4, layout: TestNode.TwoShards());
        var (scheduler, rank) = Stored(node, out var answer);
        var block = TestNode.Value(node.Node.Sharing.Locate(rank, answer.Reservation, 1)).Blocks[0];
        var (payload, before) = (block.Payload, block.Payload.ToArray());

        TestNode.Value(node.Node.ClearNamespace(scheduler, node.Layout, "", ""));
        node.Lookup(scheduler, "r", Tokens);
        Overwrite(node);
        var held = node.Release(rank, answer, ReleaseScope.Loaded).Held;
        Assert.False(payload.Span.SequenceEqual(before), "the block's memory was not reused: the proof proves nothing");
        Assert.False(held, "held: true, but the rank's block was evicted and overwritten while it copied");
    }

    [Fact]
    public void Held_SameSessionSaysLoadedTwice_SecondIsFalse()
    {
        using var node = new TestNode(pages: 4);
        var session = node.Scheduler();
        node.Put(session, Tokens);
        var answer = node.Lookup(session, "r", Tokens);
        Assert.True(node.Release(session, answer, ReleaseScope.Loaded).Held);
        Assert.False(node.Release(session, answer, ReleaseScope.Loaded).Held, "the leases ended with the first LOADED");
    }

    [Fact]
    public async Task PinnedBytes_SecondShardCommittedWhileTheFirstIsSealed_AreZeroAtTheEnd()
    {
        var layout = new KvLayout
        {
            Model = "big",
            Revision = "r",
            Type = KvType.BFloat16,
            ChunkTokens = 16,
            Groups = [new LayerGroup { Layers = [.. Enumerable.Range(0, 8)], Heads = 2, HeadBytes = 16384 }],
            Shards = [new LayoutShard { Layers = 8, Heads = 1, Ranks = [0] },
                new LayoutShard { Layers = 8, FirstHead = 1, Heads = 1, Ranks = [1] }],
        };
        using var node = new TestNode(pages: 16384, layout: layout);
        var session = node.Scheduler();
        var answer = node.Lookup(session, "r", TokenList.Count(64));
        using var first = node.OpenStore(session, answer, 0);
        using var second = node.OpenStore(session, answer, 1);
        var store = first.Writes[0].Node.Tree.Store;
        for (var i = 0; i < first.Writes.Count; i++)
        {
            first.Commit(first.Writes[i], []); // Checksums may be left out.
            SpinWait.SpinUntil(() => first.Writes[i].Node.Leases > 0 || first.Writes[i].Block.IsSealed, 1000);
            second.Commit(second.Writes[i], []);
        }

        while (!first.Writes.Concat(second.Writes).All(write => write.Block.IsSealed)) await Task.Yield();
        first.Dispose();
        second.Dispose();
        node.Done(session, answer);
        while (node.Now.Leases > 0) await Task.Yield();
        Assert.Equal(0L, Pinned(store));
    }

    [Fact]
    public void Lookup_ShardNamedTwice_IsRefused()
    {
        using var node = new TestNode(layout: TestNode.TwoShards());
        var session = node.Scheduler();
        TestNode.Fails(CacheStatus.InvalidArgument, "once", node.Node.Lookups.Lookup(
            new LookupQuery(session, "r", node.Layout, "", "", 0, 0) { LocateShards = [0, 0] }, TokenList.Buffer(Tokens)));
    }

    [Fact]
    public async Task Settler_SessionThatGotNoArenaThisTime_KeepsTheGrantForLater()
    {
        using var channel = new RpcChannel(new RpcChannelOptions { Address = "http://127.0.0.1:1" });
        var settler = new GrantSettler(channel, TimeSpan.FromSeconds(1));
        var grant = (ulong)Random.Shared.NextInt64();
        GrantSettler.Add(Guid.NewGuid(), grant);
        var session = new NodeSession(new SessionOpened { Session = ByteString.CopyFrom(new byte[16]) }, null);
        await settler.SettleAsync(session, CancellationToken.None);
        Assert.True(GrantSettler.IsPending(grant));
    }

    [Theory]
    [InlineData(16, 200)]
    [InlineData(15, 20)]
    public async Task Keeper_NodeThatOffersNonsense_MeansStreams(int sessionBytes, int pathBytes)
    {
        using var keeper = new ArenaKeeper(new PrefixCacheClientOptions { Address = "http://127.0.0.1:1" }, _ => { });
        var opened = new SessionOpened
        {
            Session = ByteString.CopyFrom(new byte[sessionBytes]),
            SharedMemory = new Protocol.V1.SharedMemory
            {
                Socket = "/" + new string('x', pathBytes),
                Arena = ByteString.CopyFrom(new byte[16]),
            },
        };
        Assert.Null(await keeper.AttachAsync(opened, CancellationToken.None));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(ulong.MaxValue - 4096)]
    public void Sender_GrantOfAChunkLargerThanTheArena_IsAFaultOfTheNode(ulong offset)
    {
        using var arena = Arena.Create(new ArenaOptions { CapacityBytes = 4096 });
        using var control = ControlRegion.Create(arena, 4);
        using var view = ArenaView.Map(control.File.Handle, arena.File.Handle, writable: true);
        var layout = KvLayout.Uniform("m", "r", KvType.BFloat16, 8, 8, 64, 16);
        var sender = new ChunkSender(layout, new TransferOptions(), 16, null!, TimeProvider.System);
        var write = typeof(ChunkSender).GetMethod("Write", BindingFlags.NonPublic | BindingFlags.Instance)!;
        var thrown = Assert.Throws<TargetInvocationException>(() => write.Invoke(sender, [view, offset, layout.Shapes[0],
            new Protocol.V1.StoreDecision { Handle = 1 }]));
        Assert.IsType<RpcException>(thrown.InnerException);
    }

    private static long Pinned(ChunkStore store) => (long)typeof(ChunkStore)
        .GetField("_pinnedBytes", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(store)!;

    private static (Session Scheduler, Session Rank) Stored(TestNode node, out LookupAnswer answer)
    {
        var (scheduler, rank) = (node.Scheduler(), node.Rank(1));
        TestNode.Value(node.Node.Sharing.Attach(rank, new WorkerProcess(1)));
        var put = node.Lookup(scheduler, "put", Tokens);
        node.Store(scheduler, put, Tokens, 0);
        node.Store(scheduler, put, Tokens, 1);
        node.Done(scheduler, put);
        answer = node.Lookup(scheduler, "r", Tokens);
        Assert.Equal(32, answer.HitTokens);
        return (scheduler, rank);
    }

    /// <summary>Another engine fills the four pages.</summary>
    private static void Overwrite(TestNode node)
    {
        var other = node.Scheduler("other");
        var tokens = TokenList.Count(32, 1000);
        var answer = node.Lookup(other, "w", tokens);
        node.Store(other, answer, tokens, 0);
        node.Store(other, answer, tokens, 1);
    }
}
