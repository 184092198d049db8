using System.Buffers;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Attack;

/// <summary>
/// Lookups whose caller is gone, or never ends its request, when the reservation is made: nobody learns of it, so nothing may stay.
/// </summary>
public sealed class LostAnswerTests
{
    [Fact]
    public async Task Lookup_CallerGoneBeforeTheAnswer_LeavesNoReservation()
    {
        await using var requester = await Requester.StartAsync();
        using var gone = new CancellationTokenSource();
        using var call = await OpenEndedAsync(requester, "lost", gone.Token);
        await Until.TrueAsync(() => requester.Node.Node.Snapshot().Reservations == 2, () => $"{requester.Node.Node.Snapshot()}");
        await gone.CancelAsync();
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Lookup_RequestNeverEnds_IsRefusedAndLeavesNoReservation()
    {
        await using var requester = await Requester.StartAsync(
            RunningNode.Options() with { RequestTimeout = TimeSpan.FromMilliseconds(400) });
        using var call = await OpenEndedAsync(requester, "slow");
        await Fails.WithAsync(StatusCode.Cancelled, "did not arrive within 0.4 s", () => call.Responses.MoveNextAsync().AsTask());
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Lookup_RepeatedByACallerThatIsGone_StaysForTheOneThatGotIt()
    {
        await using var requester = await Requester.StartAsync();
        using var gone = new CancellationTokenSource();
        using var call = await OpenEndedAsync(requester, "first", gone.Token);
        await Until.TrueAsync(() => requester.Node.Node.Counters.Lookups == 2, () => "not looked up");
        await gone.CancelAsync();
        await requester.AssertUnchangedAsync();
        Assert.True((await requester.Session.ReleaseAsync(requester.Reservation)).Ended);
    }

    [Fact]
    public async Task Layout_OfAnotherTenant_IsUnknown()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Path("tokens");
        await File.WriteAllTextAsync(file, "token-of-tenant-a a\ntoken-of-tenant-b b\n");
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { TokenFile = file });
        await using var a = await RawSession.OpenAsync(node.Address, token: "token-of-tenant-a");
        await using var b = await RawSession.OpenAsync(node.Address, token: "token-of-tenant-b");
        var layoutId = await a.RegisterAsync(RawLayout.Sound());
        await a.LookupAsync(layoutId, TestKv.Tokens(32));
        await Fails.WithAsync(StatusCode.NotFound, "does not know layout", () => b.LookupAsync(layoutId, TestKv.Tokens(32)));
    }

    /// <summary>All of a lookup but its end.</summary>
    private static async Task<DuplexCall<LookupRequest, LookupResponse>> OpenEndedAsync(
        Requester requester, string requestId, CancellationToken gone = default)
    {
        var call = requester.Session.Channel.Duplex(PrefixCacheMethods.Lookup, new CallOptions { CancellationToken = gone });
        var request = new LookupRequest { Session = requester.Session.Id, LayoutId = requester.LayoutId, RequestId = requestId };
        await call.Requests.WriteAsync(request, new ReadOnlySequence<byte>(RawSession.Bytes(Requester.Tokens)), gone);
        return call;
    }
}
