using System.Buffers;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Endpoints;

/// <summary>Sends the chunks of a transfer in pieces, straight from their blocks.</summary>
/// <remarks>One header object serves every message of the transfer: the writer is done with it when it returns.</remarks>
internal sealed class PayloadSender(
    RetrieveTransfer transfer, CacheCounters counters, Func<RetrieveResponse, ReadOnlySequence<byte>, CancellationToken, ValueTask> write)
{
    /// <summary>Large enough that the message costs nothing beside its bytes, small enough for any client's default limit.</summary>
    private const int PieceBytes = 1 << 20;

    private readonly RetrieveResponse _header = new();

    public async Task SendAsync(TransferOrder order, CancellationToken cancellationToken)
    {
        if (order == TransferOrder.ChunkOrder)
        {
            foreach (var chunk in transfer.Chunks) await SendAsync(chunk, 0, transfer.Shape.Segments, cancellationToken);
            return;
        }

        for (var first = 0; first < transfer.Shape.Segments;)
        {
            var segments = SegmentsOfLayer(first);
            foreach (var chunk in transfer.Chunks) await SendAsync(chunk, first, segments, cancellationToken);
            first += segments;
        }
    }

    private int SegmentsOfLayer(int first)
    {
        var layers = transfer.Shape.SegmentLayers;
        var end = first + 1;
        while (end < layers.Length && layers[end] == layers[first]) end++;
        return end - first;
    }

    private async Task SendAsync(ChunkRead chunk, int firstSegment, int segments, CancellationToken cancellationToken)
    {
        transfer.Seal(chunk);
        var slice = new ChunkSlice(transfer.Shape, chunk.Block.Tokens, firstSegment, segments, chunk.FirstToken, chunk.Tokens);
        var bytes = SlicePayload.Of(chunk.Block.Payload, slice);
        _header.Handle = ChunkPosition.Handle(chunk.Position);
        _header.FirstSegment = (uint)firstSegment;
        _header.Segments = (uint)segments;
        _header.FirstToken = (uint)((chunk.Position * transfer.Layout.ChunkTokens) + chunk.FirstToken);
        _header.Tokens = (uint)chunk.Tokens;
        if (slice.IsWholeTokens)
            for (var i = 0; i < segments; i++) _header.Checksums.Add(chunk.Block.Checksums[firstSegment + i]);

        for (long offset = 0; offset < bytes.Length; offset += PieceBytes)
        {
            var piece = bytes.Slice(offset, Math.Min(PieceBytes, bytes.Length - offset));
            _header.Offset = (ulong)offset;
            await write(_header, piece, cancellationToken);
            _header.Checksums.Clear();
            counters.Retrieved(piece.Length);
        }
    }
}
