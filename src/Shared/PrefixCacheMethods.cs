using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Protocol;

/// <summary>The service's methods, with the fields that take the raw payload path and the limits of their messages.</summary>
/// <remarks>
/// Compiled into the server and into the client, which share no project that knows both messages and RPC. The limit of a message with
/// tokens is that of the largest token count that can be configured; the node checks its own, lower one before it takes memory.
/// </remarks>
internal static class PrefixCacheMethods
{
    public const string Service = "prefixcache.v1.PrefixCache";

    /// <summary>Largest value of the option max-tokens.</summary>
    public const int MaxTokens = 16 << 20;

    /// <summary>Most payload bytes in one message: what a client with gRPC's default limit of 4 MiB can take, fields included.</summary>
    public const int MaxPayloadBytes = 2 << 20;

    private const int MaxFieldBytes = 128 << 10;

    public static RpcMethod<OpenSessionRequest, SessionEvent> OpenSession { get; } =
        new(Service, "OpenSession", OpenSessionRequest.Parser, SessionEvent.Parser);

    public static RpcMethod<RegisterLayoutRequest, RegisterLayoutResponse> RegisterLayout { get; } =
        new(Service, "RegisterLayout", RegisterLayoutRequest.Parser, RegisterLayoutResponse.Parser);

    public static RpcMethod<LookupRequest, LookupResponse> Lookup { get; } =
        new(Service, "Lookup", LookupRequest.Parser, LookupResponse.Parser)
        {
            RequestPayloadField = LookupRequest.TokensFieldNumber,
            MaxRequestBytes = (MaxTokens * sizeof(uint)) + MaxFieldBytes,
            MaxHeaderBytes = MaxFieldBytes,
        };

    public static RpcMethod<ClaimRequest, ClaimResponse> Claim { get; } = new(Service, "Claim", ClaimRequest.Parser, ClaimResponse.Parser);

    public static RpcMethod<PrefetchRequest, PrefetchResponse> Prefetch { get; } =
        new(Service, "Prefetch", PrefetchRequest.Parser, PrefetchResponse.Parser)
        {
            RequestPayloadField = PrefetchRequest.TokensFieldNumber,
            MaxRequestBytes = (MaxTokens * sizeof(uint)) + MaxFieldBytes,
            MaxHeaderBytes = MaxFieldBytes,
        };

    public static RpcMethod<AppendRequest, AppendResponse> Append { get; } =
        new(Service, "Append", AppendRequest.Parser, AppendResponse.Parser)
        {
            RequestPayloadField = AppendRequest.TokensFieldNumber,
            MaxRequestBytes = (MaxTokens * sizeof(uint)) + MaxFieldBytes,
            MaxHeaderBytes = MaxFieldBytes,
        };

    public static RpcMethod<RetrieveRequest, RetrieveResponse> Retrieve { get; } =
        new(Service, "Retrieve", RetrieveRequest.Parser,
            RetrieveResponse.Parser)
        { ResponsePayloadField = RetrieveResponse.PayloadFieldNumber };

    public static RpcMethod<StoreRequest, StoreResponse> Store { get; } =
        new(Service, "Store", StoreRequest.Parser, StoreResponse.Parser) { RequestPayloadField = StoreRequest.PayloadFieldNumber };

    public static RpcMethod<FetchRequest, FetchResponse> Fetch { get; } =
        new(Service, "Fetch", FetchRequest.Parser, FetchResponse.Parser)
        {
            RequestPayloadField = FetchRequest.TokensFieldNumber,
            ResponsePayloadField = FetchResponse.PayloadFieldNumber,
            MaxRequestBytes = (MaxTokens * sizeof(uint)) + MaxFieldBytes,
            MaxHeaderBytes = MaxFieldBytes,
        };

    public static RpcMethod<LocateRequest, LocateResponse> Locate { get; } =
        new(Service, "Locate", LocateRequest.Parser, LocateResponse.Parser);

    public static RpcMethod<SettleRequest, SettleResponse> Settle { get; } =
        new(Service, "Settle", SettleRequest.Parser, SettleResponse.Parser);

    public static RpcMethod<PinRequest, PinResponse> Pin { get; } =
        new(Service, "Pin", PinRequest.Parser, PinResponse.Parser)
        {
            RequestPayloadField = PinRequest.TokensFieldNumber,
            MaxRequestBytes = (MaxTokens * sizeof(uint)) + MaxFieldBytes,
            MaxHeaderBytes = MaxFieldBytes,
        };

    public static RpcMethod<UnpinRequest, UnpinResponse> Unpin { get; } = new(Service, "Unpin", UnpinRequest.Parser, UnpinResponse.Parser);

    public static RpcMethod<ReleaseRequest, ReleaseResponse> Release { get; } =
        new(Service, "Release", ReleaseRequest.Parser, ReleaseResponse.Parser);

    public static RpcMethod<GetStatisticsRequest, GetStatisticsResponse> GetStatistics { get; } =
        new(Service, "GetStatistics", GetStatisticsRequest.Parser, GetStatisticsResponse.Parser);

    public static RpcMethod<ClearNamespaceRequest, ClearNamespaceResponse> ClearNamespace { get; } =
        new(Service, "ClearNamespace", ClearNamespaceRequest.Parser, ClearNamespaceResponse.Parser);
}
