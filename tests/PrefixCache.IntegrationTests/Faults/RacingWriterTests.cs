using System.Buffers;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Faults;

public sealed class RacingWriterTests
{
    [Fact]
    public async Task Store_OfWhatAnotherCommittedMeanwhile_IsADuplicateAndFreesItsBlocks()
    {
        await using var requester = await Requester.StartAsync();
        using var slow = await BeginAsync(requester);
        await requester.StoreAllAsync();
        await FinishAsync(requester, slow, StoreResult.Types.Outcome.Duplicate);
        var after = requester.Node.Node.Snapshot();
        Assert.Equal((2L, 2, 0), (after.Chunks, after.Blocks, after.WritingBlocks));
        Assert.Equal((2L, 2L), (requester.Node.Node.Counters.ChunksCommitted, requester.Node.Node.Counters.ChunksDuplicate));
    }

    [Fact]
    public async Task Store_IntoANamespaceThatWasCleared_IsToldSoAndFreesItsBlocks()
    {
        await using var requester = await Requester.StartAsync();
        using var slow = await BeginAsync(requester);
        await ClearAsync(requester);
        await FinishAsync(requester, slow, StoreResult.Types.Outcome.Cleared);
        var after = requester.Node.Node.Snapshot();
        Assert.Equal((0L, 0, 0, 0L), (after.Chunks, after.Blocks, after.WritingBlocks, after.AllocatedBytes));
        await requester.StoreAfterClearAsync();
    }

    [Fact]
    public async Task Clear_WhileTheHitIsLeased_HidesItAtOnceAndFreesItLater()
    {
        await using var requester = await Requester.StartAsync();
        await requester.StoreAllAsync();
        await ClearAsync(requester);
        var other = await requester.Session.LookupAsync(requester.LayoutId, Requester.Tokens);
        Assert.Equal(0u, other.HitTokens);
        var served = await requester.Session.RetrieveAsync(new RetrieveRequest { Reservation = requester.Reservation });
        Assert.Equal(TestKv.ChunkPayload(Requester.Layout, Requester.Tokens, 0), served[0].Payload);
        Assert.Equal(2, requester.Node.Node.Snapshot().Blocks);
        await requester.Session.ReleaseAsync(requester.Reservation);
        Assert.Equal((0, 0L), (requester.Node.Node.Snapshot().Blocks, requester.Node.Node.Snapshot().AllocatedBytes));
    }

    private static Task<ClearNamespaceResponse> ClearAsync(Requester requester) => requester.Session.Channel.UnaryAsync(
        PrefixCacheMethods.ClearNamespace, new ClearNamespaceRequest { Session = requester.Session.Id, LayoutId = requester.LayoutId });

    private static async Task<DuplexCall<StoreRequest, StoreResponse>> BeginAsync(Requester requester)
    {
        var call = requester.Session.Channel.Duplex(PrefixCacheMethods.Store);
        await call.Requests.WriteAsync(RawStore.Open(requester.Session, requester.Reservation, (1, 32), (2, 32)).Head);
        Assert.True(await call.Responses.MoveNextAsync());
        Assert.All(call.Responses.Current.Plan.Decisions, decision => Assert.Equal(StoreDecision.Types.Action.Wanted, decision.Action));
        return call;
    }

    private static async Task FinishAsync(Requester requester, DuplexCall<StoreRequest, StoreResponse> call,
        StoreResult.Types.Outcome outcome)
    {
        for (var position = 0; position < 2; position++)
        {
            var (head, payload) = RawStore.Chunk(Requester.Layout, Requester.Tokens, position);
            await call.Requests.WriteAsync(head, new ReadOnlySequence<byte>(payload));
        }

        await call.CompleteAsync();
        for (var position = 0; position < 2; position++)
        {
            Assert.True(await call.Responses.MoveNextAsync());
            Assert.Equal(outcome, call.Responses.Current.Result.Outcome);
        }

        Assert.False(await call.Responses.MoveNextAsync());
    }
}
