using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class ReservationFaultTests
{
    private static readonly string[] Operations = ["Append", "Retrieve", "Store", "Release"];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var operation in Operations)
                foreach (var kind in new[] { "unknown", "ended", "foreign" }) data.Add(operation, kind);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task EveryCall_WithAReservationThatIsNotTheInstances_IsNotFound(string operation, string kind)
    {
        await using var requester = await Requester.StartAsync();
        await requester.StoreAllAsync();
        await using var other = await RawSession.OpenAsync(requester.Node.Address);
        var reservation = requester.Reservation;
        if (kind == "unknown") reservation = ulong.MaxValue;
        if (kind == "ended") Assert.True((await requester.Session.ReleaseAsync(reservation)).Ended);
        var session = kind == "foreign" ? other : requester.Session;
        var before = requester.Node.Node.Snapshot();
        await Fails.WithAsync(StatusCode.NotFound, $"Reservation {reservation} is unknown or has ended: look the request up again",
            () => CallAsync(session, operation, reservation));
        Assert.Equal(before, requester.Node.Node.Snapshot());
    }

    [Theory]
    [InlineData(63u, "position is 63, but the reservation has 64")]
    [InlineData(65u, "position is 65, but the reservation has 64")]
    [InlineData(0u, "position is 0, but")]
    [InlineData(uint.MaxValue, "position is 2147483647, but")]
    public async Task Append_AtAnotherPositionThanTheEnd_IsRefused(uint position, string says)
    {
        await using var requester = await Requester.StartAsync();
        await Fails.WithAsync(StatusCode.InvalidArgument, says,
            () => requester.Session.AppendAsync(requester.Reservation, position, [7, 8, 9]));
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Append_OfNothingOrTooMuch_IsRefused()
    {
        var options = RunningNode.Options();
        await using var requester = await Requester.StartAsync(options with { Limits = options.Limits with { MaxTokens = 70 } });
        await Fails.WithAsync(StatusCode.InvalidArgument, "No tokens", () => requester.Session.AppendAsync(requester.Reservation, 64, []));
        await Fails.WithAsync(StatusCode.InvalidArgument, "71 tokens, the limit is 70",
            () => requester.Session.AppendAsync(requester.Reservation, 64, [1, 2, 3, 4, 5, 6, 7]));
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Append_Repeated_ChangesNothingAndIsAnsweredAlike()
    {
        await using var requester = await Requester.StartAsync();
        var first = await requester.Session.AppendAsync(requester.Reservation, 64, [1, 2, 3]);
        var second = await requester.Session.AppendAsync(requester.Reservation, 64, [1, 2, 3]);
        Assert.Equal((67u, 67u), (first.TotalTokens, second.TotalTokens));
        Assert.Equal(first.Runs, second.Runs);
        Assert.Equal(requester.Before.ReservedTokens + 3, requester.Node.Node.Snapshot().ReservedTokens);
    }

    [Fact]
    public async Task Append_FromARank_IsRefused()
    {
        await using var node = await RunningNode.StartAsync();
        await using var scheduler = await RawSession.OpenAsync(node.Address, request => request.InstanceId = "engine");
        await using var rank = await RawSession.OpenAsync(node.Address,
            request => (request.InstanceId, request.Role, request.Rank) = ("engine", OpenSessionRequest.Types.Role.Rank, 0));
        var answer = await scheduler.LookupAsync(await scheduler.RegisterAsync(RawLayout.Sound()), Requester.Tokens);
        await Fails.WithAsync(StatusCode.InvalidArgument, "session of rank 0", () => rank.AppendAsync(answer.Reservation, 64, [1]));
    }

    [Fact]
    public async Task Reservation_UnusedForItsMaximumAge_Ends()
    {
        var options = RunningNode.Options();
        await using var requester = await Requester.StartAsync(
            options with { Limits = options.Limits with { MaxAge = TimeSpan.FromMilliseconds(300) } });
        await Until.TrueAsync(() => requester.Node.Node.Snapshot() is { Reservations: 0, ReservedTokens: 0, Leases: 0 },
            () => $"The reservation stays: {requester.Node.Node.Snapshot()}");
        await Fails.WithAsync(StatusCode.NotFound, "has ended", () => requester.Session.ReleaseAsync(requester.Reservation));
    }

    [Fact]
    public async Task Release_WithAnUnknownScope_EndsNothing()
    {
        await using var requester = await Requester.StartAsync();
        await Fails.WithAsync(StatusCode.InvalidArgument, "scope is 5: 0 to 1",
            () => requester.Session.ReleaseAsync(requester.Reservation, (ReleaseRequest.Types.Scope)5));
        await requester.AssertUnchangedAsync();
    }

    private static Task CallAsync(RawSession session, string operation, ulong reservation) => operation switch
    {
        "Append" => session.AppendAsync(reservation, 64, [1]),
        "Retrieve" => session.RetrieveAsync(new RetrieveRequest { Reservation = reservation }),
        "Store" => session.StoreAsync(RawStore.Open(session, reservation, (1, 32)), RawStore.Chunk(Requester.Layout, Requester.Tokens, 0)),
        _ => session.ReleaseAsync(reservation),
    };
}
