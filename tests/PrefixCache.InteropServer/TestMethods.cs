using PrefixCache.Grpc;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.InteropServer;

/// <summary>The methods of <c>grpc.testing</c>, for server and client.</summary>
public static class TestMethods
{
    private const string Service = "grpc.testing.TestService";

    public static RpcMethod<Empty, Empty> EmptyCall { get; } = new(Service, "EmptyCall", Empty.Parser, Empty.Parser);

    public static RpcMethod<SimpleRequest, SimpleResponse> UnaryCall { get; } =
        new(Service, "UnaryCall", SimpleRequest.Parser, SimpleResponse.Parser);

    public static RpcMethod<SimpleRequest, SimpleResponse> CacheableUnaryCall { get; } =
        new(Service, "CacheableUnaryCall", SimpleRequest.Parser, SimpleResponse.Parser);

    public static RpcMethod<StreamingOutputCallRequest, StreamingOutputCallResponse> StreamingOutputCall { get; } =
        new(Service, "StreamingOutputCall", StreamingOutputCallRequest.Parser, StreamingOutputCallResponse.Parser);

    public static RpcMethod<StreamingInputCallRequest, StreamingInputCallResponse> StreamingInputCall { get; } =
        new(Service, "StreamingInputCall", StreamingInputCallRequest.Parser, StreamingInputCallResponse.Parser);

    public static RpcMethod<StreamingOutputCallRequest, StreamingOutputCallResponse> FullDuplexCall { get; } =
        new(Service, "FullDuplexCall", StreamingOutputCallRequest.Parser, StreamingOutputCallResponse.Parser);

    public static RpcMethod<StreamingOutputCallRequest, StreamingOutputCallResponse> HalfDuplexCall { get; } =
        new(Service, "HalfDuplexCall", StreamingOutputCallRequest.Parser, StreamingOutputCallResponse.Parser);

    public static RpcMethod<Empty, Empty> UnimplementedCall { get; } = new(Service, "UnimplementedCall", Empty.Parser, Empty.Parser);

    public static RpcMethod<Empty, Empty> UnimplementedServiceCall { get; } =
        new("grpc.testing.UnimplementedService", "UnimplementedCall", Empty.Parser, Empty.Parser);
}
