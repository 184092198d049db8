using System.Buffers;
using System.Runtime.InteropServices;
using Google.Protobuf;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>A session whose requests are written by hand, so that they may be wrong in every way.</summary>
/// <remarks>Owns a channel of its own.</remarks>
internal sealed class RawSession : IAsyncDisposable
{
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);

    private readonly ServerStreamingCall<SessionEvent> _call;

    private RawSession(RpcChannel channel, ServerStreamingCall<SessionEvent> call, SessionOpened opened)
    {
        Channel = channel;
        _call = call;
        Opened = opened;
    }

    public RpcChannel Channel { get; }

    public SessionOpened Opened { get; }

    public ByteString Id => Opened.Session;

    public MessageReader<SessionEvent> Events => _call.Responses;

    private static CallOptions Bounded => new() { Timeout = CallTimeout };

    public static async Task<RawSession> OpenAsync(string address, Action<OpenSessionRequest>? change = null, string token = "")
    {
        var channel = OpenChannel(address, token);
        var request = new OpenSessionRequest { VersionMajor = 1, InstanceId = Guid.NewGuid().ToString("N") };
        change?.Invoke(request);
        var call = channel.ServerStreaming(PrefixCacheMethods.OpenSession, request);
        try
        {
            Assert.True(await call.Responses.MoveNextAsync());
            return new RawSession(channel, call, call.Responses.Current.Opened);
        }
        catch
        {
            call.Dispose();
            channel.Dispose();
            throw;
        }
    }

    public static RpcChannel OpenChannel(string address, string token = "")
    {
        var headers = new Metadata();
        if (token.Length > 0) headers.Add("authorization", "Bearer " + token);
        return new RpcChannel(new RpcChannelOptions { Address = address, DefaultHeaders = headers });
    }

    /// <summary>Gets the arena for this session, so that its lookups are answered with extents. The mapping is the caller's.</summary>
    public Task<ArenaView> AttachAsync() =>
        ArenaConnector.ConnectAsync(Opened.SharedMemory.Socket, Id.Memory, TestContext.Current.CancellationToken);

    public async Task<ByteString> RegisterAsync(KvLayout layout) =>
        (await Channel.UnaryAsync(PrefixCacheMethods.RegisterLayout, new RegisterLayoutRequest { Session = Id, Layout = layout },
            Bounded)).LayoutId;

    public Task<LookupResponse> LookupAsync(ByteString layoutId, int[] tokens, Action<LookupRequest>? change = null) =>
        LookupAsync(layoutId, Bytes(tokens), change);

    public Task<LookupResponse> LookupAsync(ByteString layoutId, byte[] tokens, Action<LookupRequest>? change = null)
    {
        var request = new LookupRequest { Session = Id, LayoutId = layoutId, RequestId = Guid.NewGuid().ToString("N") };
        change?.Invoke(request);
        return Channel.UnaryAsync(PrefixCacheMethods.Lookup, request, new ReadOnlySequence<byte>(tokens), Bounded);
    }

    public Task<AppendResponse> AppendAsync(ulong reservation, uint position, int[] tokens, ByteString? session = null) =>
        Channel.UnaryAsync(
            PrefixCacheMethods.Append, new AppendRequest { Session = session ?? Id, Reservation = reservation, Position = position },
        new ReadOnlySequence<byte>(Bytes(tokens)), Bounded);

    public async Task<ReleaseResponse> ReleaseAsync(ulong reservation,
        ReleaseRequest.Types.Scope scope = ReleaseRequest.Types.Scope.Done) =>
        await Channel.UnaryAsync(PrefixCacheMethods.Release, new ReleaseRequest { Session = Id, Reservation = reservation, Scope = scope },
            Bounded);

    public Task<ClaimResponse> ClaimAsync(ulong reservation, bool letGo = false) => Channel.UnaryAsync(
        PrefixCacheMethods.Claim, new ClaimRequest { Session = Id, Reservation = reservation, LetGo = letGo }, Bounded);

    /// <summary>Every answer with its payload; the session is filled in when the request has none.</summary>
    public async Task<List<(RetrieveResponse Head, byte[] Payload)>> RetrieveAsync(RetrieveRequest request)
    {
        if (request.Session.IsEmpty) request.Session = Id;
        using var call = Channel.ServerStreaming(PrefixCacheMethods.Retrieve, request, Bounded);
        var answers = new List<(RetrieveResponse, byte[])>();
        while (await call.Responses.MoveNextAsync())
        {
            var payload = new byte[call.Responses.PayloadLength];
            await call.Responses.ReadPayloadAsync(payload);
            answers.Add((call.Responses.Current.Clone(), payload));
        }

        return answers;
    }

    /// <summary>Sends the messages as they are, whatever the plan says, and reads what comes.</summary>
    public async Task<List<StoreResponse>> StoreAsync(params (StoreRequest Head, byte[] Payload)[] messages)
    {
        using var call = Channel.Duplex(PrefixCacheMethods.Store, Bounded);
        try
        {
            foreach (var (head, payload) in messages)
            {
                if (payload.Length == 0) await call.Requests.WriteAsync(head);
                else await call.Requests.WriteAsync(head, new ReadOnlySequence<byte>(payload));
            }

            await call.CompleteAsync();
        }
        catch (RpcException)
        {
            // The node ended the call before all was sent; why, the answers tell.
        }

        var answers = new List<StoreResponse>();
        while (await call.Responses.MoveNextAsync()) answers.Add(call.Responses.Current.Clone());
        return answers;
    }

    public static byte[] Bytes(int[] tokens) => MemoryMarshal.AsBytes<int>(tokens).ToArray();

    public ValueTask DisposeAsync()
    {
        _call.Dispose();
        Channel.Dispose();
        return ValueTask.CompletedTask;
    }
}
