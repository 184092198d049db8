using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Transfers;

/// <summary>Reads a group's bytes across the messages that they come in.</summary>
/// <param name="reader">Stands on the group's first message.</param>
/// <param name="first">That message.</param>
internal sealed class PayloadCursor(MessageReader<RetrieveResponse> reader, RetrieveResponse first)
{
    private readonly ulong _handle = first.Handle;
    private readonly uint _firstSegment = first.FirstSegment;
    private ulong _position;

    /// <exception cref="RpcException">The stream ends, or goes on with something else.</exception>
    public async ValueTask ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            if (reader.PayloadRemaining == 0) await NextPieceAsync(cancellationToken);
            var piece = Math.Min(destination.Length, reader.PayloadRemaining);
            await reader.ReadPayloadAsync(destination[..piece], cancellationToken);
            _position += (ulong)piece;
            destination = destination[piece..];
        }
    }

    private async ValueTask NextPieceAsync(CancellationToken cancellationToken)
    {
        if (!await reader.MoveNextAsync(cancellationToken)) throw new RpcException(StatusCode.Internal, "The stream ends within a chunk.");
        var message = reader.Current;
        if (message.Handle != _handle || message.FirstSegment != _firstSegment || message.Offset != _position || reader.PayloadLength == 0)
            throw new RpcException(StatusCode.Internal, "A piece of a chunk does not follow the one before it.");
    }
}
