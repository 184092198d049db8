using System.Buffers;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Transfers;

/// <summary>Cuts a chunk into messages, with the checksums of its segments in the last.</summary>
/// <remarks>
/// A segment that lies in one piece is sent from where it lies; a scattered one is gathered into a buffer first. Small segments share a
/// message. Owns its buffer.
/// </remarks>
internal sealed class PartBuilder(MessageWriter<StoreRequest> writer, int maxPayloadBytes) : IDisposable
{
    private readonly StoreRequest _message = new() { Part = new StorePart() };
    private byte[] _buffer = [];
    private int _buffered;
    private ChunkSlice _slice;
    private int _sent;

    public void Begin(ulong handle, ChunkSlice slice)
    {
        _slice = slice;
        (_sent, _buffered) = (0, 0);
        _message.Part.Handle = handle;
        _message.Part.Checksums.Clear();
    }

    /// <param name="firstToken">The chunk's first token in the sequence.</param>
    public async ValueTask SendAsync(IKvMemory source, int firstToken, CancellationToken cancellationToken)
    {
        var checksums = new ulong[_slice.Segments];
        for (var segment = 0; segment < _slice.Segments; segment++)
        {
            var tokens = new SegmentTokens(segment, firstToken, _slice.Tokens, _slice.Shape.SegmentBytesPerToken(segment));
            var tile = TileCopy.GetTile(source, tokens);
            if (tile.IsContiguous && tile.Tokens == tokens.Count && tokens.Bytes >= maxPayloadBytes / 4)
            {
                await FlushAsync(checksums, cancellationToken);
                var memory = tile.Memory[..tokens.Bytes];
                checksums[segment] = Xxh3.Hash64(memory.Span);
                await SendAsync(memory, checksums, cancellationToken);
                continue;
            }

            if (_buffered > 0 && _buffered + tokens.Bytes > maxPayloadBytes) await FlushAsync(checksums, cancellationToken);
            checksums[segment] = Gather(source, tokens);
        }

        await FlushAsync(checksums, cancellationToken);
    }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <returns>The segment's checksum.</returns>
    private unsafe ulong Gather(IKvMemory source, in SegmentTokens tokens)
    {
        if (_buffer.Length < _buffered + tokens.Bytes)
        {
            // Nothing is buffered when one segment alone is larger than a message.
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(maxPayloadBytes, _buffered + tokens.Bytes));
            _buffer.AsSpan(0, _buffered).CopyTo(larger);
            Dispose();
            _buffer = larger;
        }

        ulong checksum;
        fixed (byte* destination = _buffer) checksum = TileCopy.StoreHashed(source, destination + _buffered, tokens);
        _buffered += tokens.Bytes;
        return checksum;
    }

    private async ValueTask FlushAsync(ulong[] checksums, CancellationToken cancellationToken)
    {
        if (_buffered == 0) return;
        await SendAsync(_buffer.AsMemory(0, _buffered), checksums, cancellationToken);
        _buffered = 0;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> payload, ulong[] checksums, CancellationToken cancellationToken)
    {
        while (!payload.IsEmpty)
        {
            var piece = payload[..Math.Min(payload.Length, maxPayloadBytes)];
            payload = payload[piece.Length..];
            _message.Part.Offset = (ulong)_sent;
            _sent += piece.Length;
            if (_sent == _slice.Bytes) _message.Part.Checksums.AddRange(checksums);
            await writer.WriteAsync(_message, new ReadOnlySequence<byte>(piece), cancellationToken);
        }
    }
}
