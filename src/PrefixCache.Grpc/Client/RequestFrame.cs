using System.Buffers;
using Google.Protobuf;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc.Client;

/// <summary>Writes one message to the request stream of the HTTP client.</summary>
internal static class RequestFrame
{
    /// <summary>What the HTTP client puts into one DATA frame; head and payload share the first one.</summary>
    private const int DataFrameBytes = 16 << 10;

    public static async ValueTask WriteAsync(
        Stream stream, PooledBuffer buffer, IMessage message, int payloadField, ReadOnlySequence<byte> payload,
            CancellationToken cancellationToken)
    {
        buffer.Clear();
        MessageFrame.WriteHead(buffer, message, payloadField, payload.Length);
        if (!payload.IsEmpty && buffer.Length < DataFrameBytes)
        {
            var joined = Math.Min(payload.Length, DataFrameBytes - buffer.Length);
            foreach (var segment in payload.Slice(0, joined))
                buffer.Write(segment.Span);
            payload = payload.Slice(joined);
        }

        await stream.WriteAsync(buffer.Written, cancellationToken);
        foreach (var segment in payload)
            await stream.WriteAsync(segment, cancellationToken);
    }
}
