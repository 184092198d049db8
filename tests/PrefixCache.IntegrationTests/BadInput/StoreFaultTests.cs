using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class StoreFaultTests
{
    private static readonly Dictionary<string, (uint Shard, (ulong, uint)[] Offers, string Says)> Openings = new()
    {
        ["nothing"] = (0, [], "The store offers no chunk"),
        ["shard"] = (1, [(1, 32)], "shard is 1: the layout has 1"),
        ["huge shard"] = (uint.MaxValue, [(1, 32)], "shard is 2147483647"),
        ["handle 0"] = (0, [(0, 32)], "Handle 0 is none of this reservation's"),
        ["handle beyond"] = (0, [(1, 32), (3, 32)], "Handle 3 is none"),
        ["huge handle"] = (0, [(ulong.MaxValue, 32)], "Handle 18446744073709551615 is none"),
        ["out of order"] = (0, [(2, 32), (1, 32)], "Handle 1 is out of order"),
        ["twice"] = (0, [(1, 32), (1, 32)], "Handle 1 is out of order: offer chunks once"),
        ["no tokens"] = (0, [(1, 0)], "0 tokens offered for handle 1, which has 32"),
        ["too many tokens"] = (0, [(1, 33)], "33 tokens offered for handle 1"),
        ["behind a short chunk"] = (0, [(1, 16), (2, 32)], "Handle 2 follows a chunk of fewer than 32 tokens"),
    };

    public static TheoryData<string> OpeningNames => [.. Openings.Keys];

    [Theory]
    [MemberData(nameof(OpeningNames))]
    public async Task Store_OpenedWithAFault_NamesItAndTakesNothing(string fault)
    {
        await using var requester = await Requester.StartAsync();
        var (shard, offers, says) = Openings[fault];
        var chunk = RawStore.Chunk(Requester.Layout, Requester.Tokens, 0);
        await Fails.WithAsync(StatusCode.InvalidArgument, says,
            () => requester.Session.StoreAsync(RawStore.Open(requester.Session, requester.Reservation, shard, offers), chunk));
        await requester.AssertUnchangedAsync();
    }

    private static readonly Dictionary<string,
        (Func<byte[], (StoreRequest, byte[])[]> Parts, StatusCode Status, string Says)> Bodies = new()
        {
            ["none"] = (_ => [], StatusCode.InvalidArgument, "The payload is short: handle 1 has 65536 bytes, 0 came"),
            ["short"] = (kv => [RawStore.Part(1, 0, kv[..^1])], StatusCode.InvalidArgument, "handle 1 has 65536 bytes, 65535 came"),
            ["short in pieces"] = (kv => [RawStore.Part(1, 0, kv[..100]), RawStore.Part(1, 100, kv[100..5000])], StatusCode.InvalidArgument,
            "5000 came"),
            ["long"] = (kv => [RawStore.Part(1, 0, [.. kv, 0])], StatusCode.InvalidArgument,
            "The payload is long: handle 1 has 65536 bytes, 65537 came"),
            ["long in pieces"] = (kv => [RawStore.Part(1, 0, kv[..100]), RawStore.Part(1, 100, kv)], StatusCode.InvalidArgument, "65636 came"),
            ["gap"] = (kv => [RawStore.Part(1, 0, kv[..100]), RawStore.Part(1, 101, kv[101..])], StatusCode.InvalidArgument,
            "begins at 101, but 100 bytes came"),
            ["late start"] = (kv => [RawStore.Part(1, 1, kv[1..])], StatusCode.InvalidArgument, "begins at 1, but 0 bytes came"),
            ["second first"] = (kv => [RawStore.Part(2, 0, kv)], StatusCode.InvalidArgument, "A part of handle 2 came where handle 1 was due"),
            ["empty part"] = (kv => [RawStore.Part(1, 0, [])], StatusCode.InvalidArgument, "A part of handle 1 has no payload"),
            ["damaged"] = (kv => [RawStore.Part(1, 0, Damaged(kv), RawStore.Checksums(Requester.Layout, kv))], StatusCode.DataLoss,
            "segment 7 of handle 1"),
            ["too few checksums"] = (kv => [RawStore.Part(1, 0, kv, 1, 2, 3)], StatusCode.InvalidArgument,
            "3 checksums came for handle 1: one per segment, 8"),
            ["early checksums"] = (kv => [RawStore.Part(1, 0, kv[..9], 1)], StatusCode.InvalidArgument,
            "Checksums came before the end of handle 1"),
            ["opened twice"] = (_ => [(new StoreRequest { Open = new StoreOpen() }, [])], StatusCode.InvalidArgument, "must be `part`"),
            ["neither"] = (kv => [(new StoreRequest(), kv)], StatusCode.InvalidArgument, "must be `part`"),
            ["part over its limit"] = (_ => [RawStore.Part(1, 0, new byte[(2 << 20) + 1])], StatusCode.ResourceExhausted,
            "2097153 bytes of payload"),
        };

    public static TheoryData<string> PayloadNames => [.. Bodies.Keys];

    [Theory]
    [MemberData(nameof(PayloadNames))]
    public async Task Store_WithFaultyPayload_NamesTheFaultAndKeepsNothing(string fault)
    {
        await using var requester = await Requester.StartAsync();
        var (parts, status, says) = Bodies[fault];
        var open = RawStore.Open(requester.Session, requester.Reservation, (1, 32), (2, 32));
        var messages = parts(TestKv.ChunkPayload(Requester.Layout, Requester.Tokens, 0)).Prepend(open).ToArray();
        await Fails.WithAsync(status, says, () => requester.Session.StoreAsync(messages));
        await requester.AssertUnchangedAsync();
        Assert.Equal(2, requester.Node.Node.Counters.StoresAborted);
        await requester.StoreAllAsync();
    }

    [Fact]
    public async Task Store_FaultyInItsSecondChunk_KeepsTheFirst()
    {
        await using var requester = await Requester.StartAsync();
        var chunk = RawStore.Chunk(Requester.Layout, Requester.Tokens, 0);
        await Fails.WithAsync(StatusCode.InvalidArgument, "handle 2 has 65536 bytes, 3 came", () => requester.Session.StoreAsync(
            RawStore.Open(requester.Session, requester.Reservation, (1, 32), (2, 32)), chunk, RawStore.Part(2, 0, [1, 2, 3])));
        Assert.Equal((1L, 1, 0), (requester.Node.Node.Snapshot().Chunks, requester.Node.Node.Snapshot().Blocks,
            requester.Node.Node.Snapshot().WritingBlocks));
        var again = await requester.Session.LookupAsync(requester.LayoutId, Requester.Tokens);
        Assert.Equal(32u, again.HitTokens);
    }

    [Fact]
    public async Task Store_ThatGoesOnBehindItsPlan_IsToldSo()
    {
        await using var requester = await Requester.StartAsync();
        var chunk = RawStore.Chunk(Requester.Layout, Requester.Tokens, 0);
        await Fails.WithAsync(StatusCode.InvalidArgument, "send only what the plan asks for", () => requester.Session.StoreAsync(
            RawStore.Open(requester.Session, requester.Reservation, (1, 32)), chunk, chunk));
        Assert.Equal((1L, 0), (requester.Node.Node.Snapshot().Chunks, requester.Node.Node.Snapshot().WritingBlocks));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Store_WithoutOpen_IsRefused(bool empty)
    {
        await using var requester = await Requester.StartAsync();
        (StoreRequest, byte[])[] messages = empty ? [] : [RawStore.Part(1, 0, [1])];
        await Fails.WithAsync(StatusCode.InvalidArgument, "must be `open`", () => requester.Session.StoreAsync(messages));
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Store_OfAChunkWithoutItsPredecessor_IsRefusedInThePlan()
    {
        await using var requester = await Requester.StartAsync();
        var answers = await requester.Session.StoreAsync(RawStore.Open(requester.Session, requester.Reservation, (2, 32)));
        var decision = Assert.Single(Assert.Single(answers).Plan.Decisions);
        Assert.Equal((StoreDecision.Types.Action.Refused, StoreDecision.Types.Reason.ParentMissing), (decision.Action, decision.Reason));
        await requester.AssertUnchangedAsync();
    }

    private static byte[] Damaged(byte[] payload)
    {
        var damaged = payload.ToArray();
        damaged[^1] ^= 1;
        return damaged;
    }
}
