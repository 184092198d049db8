using System.Buffers;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Hashing;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using ShardShape = PrefixCache.Format.Layouts.ShardShape;

namespace PrefixCache.Client.Transfers;

/// <summary>Takes the groups of a Retrieve into the caller's memory, each run straight from the connection.</summary>
/// <remarks>
/// A segment that comes with a checksum and whose destination is scattered is received into a buffer first, hashed there while it is in
/// cache, and copied on; all others are received in place. Used once, by one thread at a time.
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
        var length = group.Tokens * _shape.SegmentBytesPerToken(segment);
        ulong? checksum = _verify && group.Checksums.Length > 0 ? group.Checksums[index] : null;
        var run = _destination.GetRun(segment, group.FirstToken, group.Tokens);
        _bytes += length;
        if (run.Length == length)
        {
            await cursor.ReadAsync(run, cancellationToken);
            Check(run.Span, checksum, segment);
            return;
        }

        if (checksum is null)
        {
            await ReceiveRunsAsync(cursor, segment, group, cancellationToken);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await cursor.ReadAsync(buffer.AsMemory(0, length), cancellationToken);
            Check(buffer.AsSpan(0, length), checksum, segment);
            Scatter(buffer.AsSpan(0, length), segment, group);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask ReceiveRunsAsync(PayloadCursor cursor, int segment, Group group, CancellationToken cancellationToken)
    {
        var bytes = _shape.SegmentBytesPerToken(segment);
        for (var token = 0; token < group.Tokens;)
        {
            var run = _destination.GetRun(segment, group.FirstToken + token, group.Tokens - token);
            await cursor.ReadAsync(run, cancellationToken);
            token += run.Length / bytes;
        }
    }

    private void Scatter(ReadOnlySpan<byte> source, int segment, in Group group)
    {
        var bytes = _shape.SegmentBytesPerToken(segment);
        for (var token = 0; token < group.Tokens;)
        {
            var run = _destination.GetRun(segment, group.FirstToken + token, group.Tokens - token).Span;
            source.Slice(token * bytes, run.Length).CopyTo(run);
            token += run.Length / bytes;
        }
    }

    private static void Check(ReadOnlySpan<byte> bytes, ulong? checksum, int segment)
    {
        if (checksum is { } expected && Xxh3.Hash64(bytes) != expected)
            throw new RpcException(StatusCode.DataLoss, FormattableString.Invariant($"Segment {segment} does not fit its checksum."));
    }

    /// <summary>The header of a group, copied out: the reader's message changes as its pieces come.</summary>
    private readonly record struct Group(int FirstSegment, int Segments, int FirstToken, int Tokens, ulong[] Checksums)
    {
        public static Group Of(RetrieveResponse message) => new((int)message.FirstSegment, (int)message.Segments, (int)message.FirstToken,
            (int)message.Tokens, message.Checksums.Count == 0 ? [] : [.. message.Checksums]);
    }
}
