using PrefixCache.Core.Transfers;
using PrefixCache.Format.Hashing;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Endpoints;

/// <summary>
/// Takes the parts of one chunk into its block and checks them. Each segment is hashed as soon as it is whole, while it is in cache.
/// </summary>
internal sealed class ChunkReceiver(ChunkWrite write)
{
    private readonly Memory<byte> _payload = write.Block.Payload;
    private int _received;
    private int _hashed;

    public bool IsWhole => _received == _payload.Length;

    /// <summary>XXH3-64 of each segment; complete when the chunk is whole.</summary>
    public ulong[] Checksums { get; } = new ulong[write.Block.Shape.Segments];

    /// <exception cref="RpcException">The part does not belong here, is short or long, or a checksum does not fit.</exception>
    public async ValueTask ReceiveAsync(MessageReader<StoreRequest> reader, CancellationToken cancellationToken)
    {
        if (!await reader.MoveNextAsync(cancellationToken))
            throw new RpcException(
                StatusCode.InvalidArgument, $"The payload is short: handle {write.Handle} has {_payload.Length} bytes, {_received} came.");
        if (reader.Current.Part is not { } part)
            throw new RpcException(StatusCode.InvalidArgument, "Every message of a store after the first must be `part`.");
        Check(part, reader.PayloadLength);
        await reader.ReadPayloadAsync(_payload.Slice(_received, reader.PayloadLength), cancellationToken);
        _received += reader.PayloadLength;
        HashWholeSegments();
        if (IsWhole) Compare(part);
        else if (part.Checksums.Count > 0)
            throw new RpcException(
                StatusCode.InvalidArgument, $"Checksums came before the end of handle {write.Handle}: send them with its last part.");
    }

    private void Check(StorePart part, int length)
    {
        if (length > PrefixCacheMethods.MaxPayloadBytes)
        {
            throw new RpcException(StatusCode.ResourceExhausted,
                $"A part of handle {part.Handle} has {length} bytes of payload, the limit is {PrefixCacheMethods.MaxPayloadBytes}: "
                + "cut it (max_payload_bytes).");
        }

        if (part.Handle != write.Handle)
            throw new RpcException(StatusCode.InvalidArgument,
                $"A part of handle {part.Handle} came where handle {write.Handle} was due: keep the plan's order.");
        if (part.Offset != (ulong)_received)
            throw new RpcException(StatusCode.InvalidArgument,
                $"A part of handle {write.Handle} begins at {part.Offset}, but {_received} bytes came before it.");
        if (length > _payload.Length - _received)
        {
            throw new RpcException(StatusCode.InvalidArgument,
                $"The payload is long: handle {write.Handle} has {_payload.Length} bytes, {_received + (long)length} came.");
        }

        if (length == 0) throw new RpcException(StatusCode.InvalidArgument, $"A part of handle {write.Handle} has no payload.");
    }

    private void HashWholeSegments()
    {
        var (shape, tokens) = (write.Block.Shape, write.Block.Tokens);
        for (; _hashed < shape.Segments; _hashed++)
        {
            var (start, length) = (shape.SegmentOffset(_hashed, tokens), shape.SegmentBytesPerToken(_hashed) * tokens);
            if (start + length > _received) return;
            Checksums[_hashed] = Xxh3.Hash64(_payload.Span.Slice(start, length));
        }
    }

    private void Compare(StorePart part)
    {
        if (part.Checksums.Count == 0) return;
        if (part.Checksums.Count != Checksums.Length)
        {
            throw new RpcException(StatusCode.InvalidArgument,
                $"{part.Checksums.Count} checksums came for handle {write.Handle}: one per segment, {Checksums.Length}, or none.");
        }

        for (var i = 0; i < Checksums.Length; i++)
        {
            if (part.Checksums[i] == Checksums[i]) continue;
            throw new RpcException(StatusCode.DataLoss,
                $"The checksum of segment {i} of handle {write.Handle} does not fit what arrived: "
                + "nothing of the chunk is kept; send it again.");
        }
    }
}
