using System.Buffers;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Hashing;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using ShardShape = PrefixCache.Format.Layouts.ShardShape;

namespace PrefixCache.Client.Transfers;

/// <summary>Takes the groups of a Retrieve into the caller's memory.</summary>
/// <remarks>
/// A segment whose destination lies in one piece is received in place; a scattered one is received into a buffer first, and hashed as it is
/// copied on. Used once, by one thread at a time.
/// </remarks>
internal sealed class HitReceiver
{
    private readonly KvLayout _layout;
    private readonly ShardShape _shape;
    private readonly TransferOptions _options;
    private readonly int _endToken;
    private readonly IKvMemory _destination;
    private readonly bool _verify;
    private readonly TimeProvider _time;
    private readonly long _started;
    private int _nextToken;
    private int _nextSegment;
    private long _bytes;

    public HitReceiver(KvLayout layout, TransferOptions options, int endToken, IKvMemory destination, PrefixCacheClientOptions client)
    {
        _layout = layout;
        _shape = layout.Shapes[options.Shard];
        _options = options;
        _endToken = endToken;
        _destination = destination;
        _verify = client.VerifyChecksums;
        _time = client.TimeProvider;
        _started = _time.GetTimestamp();
        _nextToken = options.FirstToken;
    }

    public RetrieveResult Result
    {
        get
        {
            // Layer by layer every token is incomplete until the last layer is there.
            var end = !_options.LayerOrder ? _nextToken : _nextSegment == _shape.Segments ? _endToken : _options.FirstToken;
            return new RetrieveResult(end, end - _options.FirstToken, _bytes, _time.GetElapsedTime(_started));
        }
    }

    public async Task ReceiveAsync(MessageReader<RetrieveResponse> reader, CancellationToken cancellationToken)
    {
        while (await reader.MoveNextAsync(cancellationToken))
        {
            var group = Group.Of(reader.Current);
            if (!IsExpected(group)) throw new RpcException(StatusCode.Internal, "The node sent another group than the one that was due.");
            var cursor = new PayloadCursor(reader, reader.Current);
            for (var i = 0; i < group.Segments; i++) await ReceiveSegmentAsync(cursor, group, i, cancellationToken);
            Advance(group);
        }

        if (_options.LayerOrder ? _nextSegment != _shape.Segments : _nextToken != _endToken)
            throw new RpcException(StatusCode.Internal, "The node ended the stream before the hit's end.");
    }

    /// <summary>The range that the node may send is what was asked for, in order: what it says never decides where bytes go.</summary>
    private bool IsExpected(in Group group)
    {
        var chunkEnd = Math.Min(((_nextToken / _layout.ChunkTokens) + 1) * _layout.ChunkTokens, _endToken);
        return group.FirstToken == _nextToken && group.Tokens == chunkEnd - _nextToken && group.FirstSegment == _nextSegment
            && group.Segments > 0 && group.Segments <= _shape.Segments - _nextSegment
            && (_options.LayerOrder || group.Segments == _shape.Segments)
            && (group.Checksums.Length == 0 || group.Checksums.Length == group.Segments);
    }

    private void Advance(in Group group)
    {
        _nextToken += group.Tokens;
        if (!_options.LayerOrder || _nextToken != _endToken) return;
        _nextSegment += group.Segments;
        if (_nextSegment < _shape.Segments) _nextToken = _options.FirstToken;
    }

    private async ValueTask ReceiveSegmentAsync(PayloadCursor cursor, Group group, int index, CancellationToken cancellationToken)
    {
        var segment = group.FirstSegment + index;
        var tokens = new SegmentTokens(segment, group.FirstToken, group.Tokens, _shape.SegmentBytesPerToken(segment));
        ulong? checksum = _verify && group.Checksums.Length > 0 ? group.Checksums[index] : null;
        var tile = TileCopy.GetTile(_destination, tokens);
        _bytes += tokens.Bytes;
        if (tile.IsContiguous && tile.Tokens == tokens.Count)
        {
            var memory = tile.Memory[..tokens.Bytes];
            await cursor.ReadAsync(memory, cancellationToken);
            if (checksum is not null) Check(Xxh3.Hash64(memory.Span), checksum.Value, segment);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(tokens.Bytes);
        try
        {
            await cursor.ReadAsync(buffer.AsMemory(0, tokens.Bytes), cancellationToken);
            Scatter(buffer, tokens, checksum);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private unsafe void Scatter(byte[] buffer, in SegmentTokens tokens, ulong? checksum)
    {
        fixed (byte* source = buffer)
        {
            if (checksum is null) TileCopy.Load(source, _destination, tokens);
            else Check(TileCopy.LoadHashed(source, _destination, tokens), checksum.Value, tokens.Segment);
        }
    }

    private static void Check(ulong actual, ulong checksum, int segment)
    {
        if (actual != checksum)
            throw new RpcException(StatusCode.DataLoss, FormattableString.Invariant($"Segment {segment} does not fit its checksum."));
    }

    /// <summary>The header of a group, copied out: the reader's message changes as its pieces come.</summary>
    private readonly record struct Group(int FirstSegment, int Segments, int FirstToken, int Tokens, ulong[] Checksums)
    {
        public static Group Of(RetrieveResponse message) => new((int)message.FirstSegment, (int)message.Segments, (int)message.FirstToken,
            (int)message.Tokens, message.Checksums.Count == 0 ? [] : [.. message.Checksums]);
    }
}
