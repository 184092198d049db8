using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using PrefixCache.Grpc;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>
/// The reference of a lookup: takes a request of the same size into memory of its own and answers with as many bytes as the lookup does,
/// not with the request itself, which would make the reference slower and the comparison kinder.
/// </summary>
internal static class EchoMethod
{
    /// <summary>Bytes of the answer to a lookup whose chunks are all hits.</summary>
    private const int AnswerBytes = 26;

    public static RpcMethod<BytesValue, BytesValue> Echo { get; } = new("benchmark.Lookup", "Echo", BytesValue.Parser, BytesValue.Parser)
    {
        RequestPayloadField = 1,
        MaxRequestBytes = 64 << 20,
    };

    public static async ValueTask<BytesValue> HandleAsync(MessageReader<BytesValue> reader, ServerCall call)
    {
        var length = reader.PayloadLength;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        await reader.ReadPayloadAsync(buffer.AsMemory(0, length), call.CancellationToken);
        ArrayPool<byte>.Shared.Return(buffer);
        var answer = new byte[AnswerBytes];
        return new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(answer) };
    }
}
