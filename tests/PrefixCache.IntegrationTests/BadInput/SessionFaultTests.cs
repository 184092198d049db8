using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class SessionFaultTests
{
    private static readonly Dictionary<string, (Action<OpenSessionRequest> Spoil, StatusCode Status, string Says)> Faults = new()
    {
        ["no version"] = (request => request.VersionMajor = 0, StatusCode.FailedPrecondition, "speaks version 0.0, this node 1.4"),
        ["next version"] = (request => request.VersionMajor = 2, StatusCode.FailedPrecondition, "speaks version 2.0"),
        ["no instance"] = (request => request.InstanceId = "", StatusCode.InvalidArgument, "instance_id has 0 bytes"),
        ["long instance"] = (request => request.InstanceId = new string('é', 129), StatusCode.InvalidArgument, "instance_id has 258 bytes"),
        ["rank"] = (request => (request.Role, request.Rank) = (OpenSessionRequest.Types.Role.Rank, 1024), StatusCode.InvalidArgument,
            "rank is 1024"),
        ["huge rank"] = (request => (request.Role, request.Rank) = (OpenSessionRequest.Types.Role.Rank, uint.MaxValue),
            StatusCode.InvalidArgument, "rank is"),
        ["previous"] = (request => request.PreviousSession = ByteString.CopyFrom(1, 2), StatusCode.InvalidArgument,
            "previous_session has 2 bytes: 16"),
        ["role"] = (request => request.Role = (OpenSessionRequest.Types.Role)9, StatusCode.InvalidArgument, "role is 9: 0 to 1"),
        ["tenant"] = (request => request.Tenant = "other", StatusCode.PermissionDenied, "tenant"),
    };

    public static TheoryData<string> Names => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task OpenSession_WithAFault_NamesIt(string fault)
    {
        await using var node = await RunningNode.StartAsync();
        var (spoil, status, says) = Faults[fault];
        await Fails.WithAsync(status, says, () => RawSession.OpenAsync(node.Address, spoil));
        Assert.Equal(0, node.Node.Snapshot().Sessions);
    }

    [Theory]
    [InlineData(OpenSessionRequest.Types.Role.Scheduler, "as scheduler")]
    [InlineData(OpenSessionRequest.Types.Role.Rank, "as rank 3")]
    public async Task OpenSession_ForARoleThatIsTaken_SaysWhoseAndLetsTheOwnerReplaceIt(OpenSessionRequest.Types.Role role, string says)
    {
        await using var node = await RunningNode.StartAsync();
        void Role(OpenSessionRequest request) => (request.InstanceId, request.Role, request.Rank) = ("engine", role, 3);
        await using var first = await RawSession.OpenAsync(node.Address, Role);
        await Fails.WithAsync(StatusCode.AlreadyExists, says, () => RawSession.OpenAsync(node.Address, Role));
        await using var second = await RawSession.OpenAsync(node.Address, request =>
        {
            Role(request);
            request.PreviousSession = first.Id;
        });
        Assert.NotEqual(first.Id, second.Id);
        Assert.False(await first.Events.MoveNextAsync());
        Assert.Equal(1, node.Node.Snapshot().Sessions);
    }

    [Fact]
    public async Task OpenSession_NamingAnotherEnginesSession_DoesNotEndIt()
    {
        await using var node = await RunningNode.StartAsync();
        await using var victim = await RawSession.OpenAsync(node.Address);
        await using var other = await RawSession.OpenAsync(node.Address, request => request.PreviousSession = victim.Id);
        Assert.NotEmpty(await victim.RegisterAsync(RawLayout.Sound()));
        Assert.Equal(2, node.Node.Snapshot().Sessions);
    }

    public static TheoryData<string, int> Calls
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var call in new[] { "RegisterLayout", "Lookup", "Append", "Retrieve", "Store", "Fetch", "Release", "ClearNamespace" })
                foreach (var length in new[] { 0, 7, 16 }) data.Add(call, length);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task EveryCall_WithAnUnknownSession_IsNotFound(string method, int length)
    {
        await using var requester = await Requester.StartAsync();
        var unknown = ByteString.CopyFrom(new byte[length]);
        await Fails.WithAsync(StatusCode.NotFound, "session is unknown or has ended: open one",
            () => CallAsync(requester, method, unknown));
        await requester.AssertUnchangedAsync();
    }

    private static Task CallAsync(Requester requester, string method, ByteString session)
    {
        var (raw, channel) = (requester.Session, requester.Session.Channel);
        return method switch
        {
            "RegisterLayout" => channel.UnaryAsync(PrefixCacheMethods.RegisterLayout,
                new RegisterLayoutRequest { Session = session, Layout = RawLayout.Sound() }),
            "Lookup" => raw.LookupAsync(requester.LayoutId, Requester.Tokens, request => request.Session = session),
            "Append" => raw.AppendAsync(requester.Reservation, 64, [1, 2], session),
            "Retrieve" => RetrieveAsync(channel, new RetrieveRequest { Session = session, Reservation = requester.Reservation }),
            "Store" => raw.StoreAsync(
                (new StoreRequest { Open = new StoreOpen { Session = session, Reservation = requester.Reservation } }, [])),
            "Fetch" => FetchAsync(channel, new FetchRequest { Session = session, RequestId = "f", LayoutId = requester.LayoutId }),
            "Release" => channel.UnaryAsync(PrefixCacheMethods.Release,
                new ReleaseRequest { Session = session, Reservation = requester.Reservation }),
            _ => channel.UnaryAsync(PrefixCacheMethods.ClearNamespace, new ClearNamespaceRequest { Session = session, All = true }),
        };
    }

    private static async Task RetrieveAsync(RpcChannel channel, RetrieveRequest request)
    {
        using var call = channel.ServerStreaming(PrefixCacheMethods.Retrieve, request);
        await call.Responses.MoveNextAsync();
    }

    private static async Task FetchAsync(RpcChannel channel, FetchRequest request)
    {
        var tokens = new System.Buffers.ReadOnlySequence<byte>(RawSession.Bytes(Requester.Tokens));
        using var call = channel.ServerStreaming(PrefixCacheMethods.Fetch, request, tokens);
        await call.Responses.MoveNextAsync();
    }
}
