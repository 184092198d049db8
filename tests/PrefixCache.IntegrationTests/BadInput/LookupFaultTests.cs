using System.Buffers;
using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class LookupFaultTests
{
    private const int MaxTokens = 1000;

    private static readonly Dictionary<string, (Action<LookupRequest> Spoil, int TokenBytes, StatusCode Status, string Says)> Faults = new()
    {
        ["no tokens"] = (_ => { }, 0, StatusCode.InvalidArgument, "No tokens: send at least one"),
        ["broken token"] = (_ => { }, 41, StatusCode.InvalidArgument, "tokens has 41 bytes: 4 per token"),
        ["too many tokens"] = (_ => { }, 4 * (MaxTokens + 1), StatusCode.InvalidArgument,
            "1001 tokens, the limit is 1000: raise max-tokens"),
        ["unknown layout"] = (request => request.LayoutId = ByteString.CopyFrom(new byte[32]), 40, StatusCode.NotFound,
            "register it first"),
        ["short layout id"] = (request => request.LayoutId = ByteString.CopyFrom(1, 2, 3), 40, StatusCode.InvalidArgument,
            "layout_id has 3 bytes"),
        ["no request id"] = (request => request.RequestId = "", 40, StatusCode.InvalidArgument, "request_id has 0 bytes"),
        ["long request id"] = (request => request.RequestId = new string('r', 257), 40, StatusCode.InvalidArgument,
            "request_id has 257 bytes"),
        ["long salt"] = (request => request.Salt = new string('s', 257), 40, StatusCode.InvalidArgument, "salt has 257 bytes"),
        ["long adapter"] = (request => request.Adapter = new string('a', 257), 40, StatusCode.InvalidArgument, "adapter has 257 bytes"),
        ["alignment"] = (request => request.AlignTokens = 65_537, 40, StatusCode.InvalidArgument, "align_tokens is 65537"),
        ["huge alignment"] = (request => request.AlignTokens = uint.MaxValue, 40, StatusCode.InvalidArgument, "align_tokens is"),
        ["computed"] = (request => request.ComputedTokens = 11, 40, StatusCode.InvalidArgument,
            "computed_tokens is 11, but the request has 10"),
        ["reused id"] = (request => request.RequestId = "first", 40, StatusCode.AlreadyExists,
            "request_id 'first' is in use for other tokens"),
        ["reused id, other salt"] = (request => (request.RequestId, request.Salt) = ("first", "x"), 40, StatusCode.AlreadyExists,
            "another namespace"),
    };

    public static TheoryData<string, bool> Names
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var name in Faults.Keys)
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task LookupOrFetch_WithAFault_NamesIt(string fault, bool fetch)
    {
        var options = RunningNode.Options();
        await using var requester = await Requester.StartAsync(options with { Limits = options.Limits with { MaxTokens = MaxTokens } });
        var (spoil, bytes, status, says) = Faults[fault];
        var tokens = new byte[bytes];
        await Fails.WithAsync(status, says, () => fetch
            ? FetchAsync(requester, tokens, spoil)
            : requester.Session.LookupAsync(requester.LayoutId, tokens, spoil));
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Fetch_OfAShardThatIsNotThere_TakesNothing()
    {
        await using var requester = await Requester.StartAsync();
        await Fails.WithAsync(StatusCode.InvalidArgument, "shard is 9: the layout has 1",
            () => FetchAsync(requester, RawSession.Bytes(Requester.Tokens), _ => { }, shard: 9));
        await requester.AssertUnchangedAsync();
    }

    [Fact]
    public async Task Lookup_FromARank_IsRefused()
    {
        await using var node = await RunningNode.StartAsync();
        await using var rank = await RawSession.OpenAsync(node.Address,
            request => (request.Role, request.Rank) = (OpenSessionRequest.Types.Role.Rank, 1));
        var layout = await rank.RegisterAsync(RawLayout.Sound());
        await Fails.WithAsync(StatusCode.InvalidArgument, "session of rank 1: only the instance's scheduler",
            () => rank.LookupAsync(layout, Requester.Tokens));
        Assert.Equal((0, 0L), (node.Node.Snapshot().Reservations, node.Node.Snapshot().ReservedTokens));
    }

    [Fact]
    public async Task Lookup_Repeated_TakesNothingTwice()
    {
        await using var requester = await Requester.StartAsync();
        await requester.StoreAllAsync();
        var shorter = await requester.Session.LookupAsync(requester.LayoutId, Requester.Tokens[..40],
            request => request.RequestId = "first");
        Assert.Equal((requester.Reservation, 40u, 2), (shorter.Reservation, shorter.HitTokens, shorter.Runs.Sum(run => (int)run.Count)));
        var same = await requester.Session.LookupAsync(requester.LayoutId, Requester.Tokens, request => request.RequestId = "first");
        Assert.Equal((requester.Reservation, 64u), (same.Reservation, same.HitTokens));
        await requester.AssertUnchangedAsync();
    }

    private static async Task FetchAsync(Requester requester, byte[] tokens, Action<LookupRequest> spoil, uint shard = 0)
    {
        var lookup = new LookupRequest { Session = requester.Session.Id, LayoutId = requester.LayoutId, RequestId = "second" };
        spoil(lookup);
        var request = new FetchRequest
        {
            Session = lookup.Session,
            RequestId = lookup.RequestId,
            LayoutId = lookup.LayoutId,
            Salt = lookup.Salt,
            Adapter = lookup.Adapter,
            ComputedTokens = lookup.ComputedTokens,
            AlignTokens = lookup.AlignTokens,
            Shard = shard,
        };
        using var call = requester.Session.Channel.ServerStreaming(PrefixCacheMethods.Fetch, request, new ReadOnlySequence<byte>(tokens));
        await call.Responses.MoveNextAsync();
    }
}
