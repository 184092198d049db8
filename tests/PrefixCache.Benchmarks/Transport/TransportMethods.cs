using Google.Protobuf.WellKnownTypes;
using PrefixCache.Grpc;

namespace PrefixCache.Benchmarks.Transport;

/// <summary>The two methods that move payload: the value of a <c>BytesValue</c> is its payload.</summary>
internal static class TransportMethods
{
    public const int MessageBytes = 1 << 20;

    public static RpcMethod<Int32Value, BytesValue> Down { get; } = new("benchmark.Transport", "Down", Int32Value.Parser, BytesValue.Parser)
    {
        ResponsePayloadField = 1,
    };

    public static RpcMethod<BytesValue, Int32Value> Up { get; } = new("benchmark.Transport", "Up", BytesValue.Parser, Int32Value.Parser)
    {
        RequestPayloadField = 1,
    };
}
