using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class RetrieveFaultTests
{
    private static readonly Dictionary<string, (Action<RetrieveRequest> Spoil, StatusCode Status, string Says)> Faults = new()
    {
        ["shard"] = (request => request.Shard = 1, StatusCode.InvalidArgument, "shard is 1: the layout has 1"),
        ["huge shard"] = (request => request.Shard = uint.MaxValue, StatusCode.InvalidArgument, "shard is 2147483647"),
        ["handle 0"] = (request => request.Handles.Add(0), StatusCode.InvalidArgument, "Handle 0 is none of this reservation's"),
        ["handle beyond"] = (request => request.Handles.Add(3), StatusCode.InvalidArgument, "Handle 3 is none"),
        ["huge handle"] = (request => request.Handles.Add(ulong.MaxValue), StatusCode.InvalidArgument,
            "Handle 18446744073709551615 is none"),
        ["first beyond"] = (request => request.FirstToken = 65, StatusCode.InvalidArgument, "Tokens 65 to 0 are no range"),
        ["end beyond"] = (request => request.EndToken = 65, StatusCode.InvalidArgument, "Tokens 0 to 65 are no range"),
        ["end before first"] = (request => (request.FirstToken, request.EndToken) = (9, 8), StatusCode.InvalidArgument,
            "Tokens 9 to 8 are no range"),
        ["huge range"] = (request => request.FirstToken = uint.MaxValue, StatusCode.InvalidArgument,
            "are no range of the reservation's 64"),
        ["order"] = (request => request.Order = (TransferOrder)9, StatusCode.InvalidArgument, "order is 9"),
    };

    public static TheoryData<string> Names => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Retrieve_WithAFault_NamesIt(string fault)
    {
        await using var requester = await Requester.StartAsync();
        await requester.StoreAllAsync();
        var (spoil, status, says) = Faults[fault];
        var request = new RetrieveRequest { Reservation = requester.Reservation };
        spoil(request);
        await Fails.WithAsync(status, says, () => requester.Session.RetrieveAsync(request));
        await requester.AssertUnchangedAsync();
        var served = await requester.Session.RetrieveAsync(new RetrieveRequest { Reservation = requester.Reservation });
        Assert.Equal(131_072, served.Sum(part => part.Payload.Length));
    }

    [Fact]
    public async Task Retrieve_OfAChunkThatIsNoHit_IsAFailedPrecondition()
    {
        await using var requester = await Requester.StartAsync();
        var request = new RetrieveRequest { Reservation = requester.Reservation, Handles = { 2 } };
        await Fails.WithAsync(StatusCode.FailedPrecondition, "chunk of handle 2 is no hit", () => requester.Session.RetrieveAsync(request));
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task RetrieveAndStore_ByARankThatDoesNotHoldTheShard_AreRefused()
    {
        await using var node = await RunningNode.StartAsync();
        await using var scheduler = await RawSession.OpenAsync(node.Address, request => request.InstanceId = "engine");
        await using var rank = await RawSession.OpenAsync(node.Address,
            request => (request.InstanceId, request.Role, request.Rank) = ("engine", OpenSessionRequest.Types.Role.Rank, 1));
        var answer = await scheduler.LookupAsync(await scheduler.RegisterAsync(RawLayout.TwoRanks()), Requester.Tokens);
        await Fails.WithAsync(StatusCode.InvalidArgument, "Rank 1 does not hold shard 0: its ranks are 0",
            () => rank.RetrieveAsync(new RetrieveRequest { Reservation = answer.Reservation }));
        await Fails.WithAsync(StatusCode.InvalidArgument, "Rank 1 does not store shard 0",
            () => rank.StoreAsync(RawStore.Open(rank, answer.Reservation, 0, (1, 32))));
        Assert.Equal(0, node.Node.Snapshot().Blocks);
    }
}
