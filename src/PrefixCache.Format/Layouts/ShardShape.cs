using System.Collections.Immutable;

namespace PrefixCache.Format.Layouts;

/// <summary>Where each (layer, plane) slab of a shard lies in the payload of a chunk.</summary>
/// <remarks>
/// The payload of a chunk of T tokens is [segment][T][bytes per token of the segment]. With <c>Start(s)</c> = bytes of one token over the
/// segments before s, segment s begins at T × Start(s), whatever T is: a shape serves chunks of every length. Immutable.
/// </remarks>
public sealed class ShardShape
{
    private readonly int[] _starts;

    private ShardShape(int[] segmentBytes, int[] segmentLayers)
    {
        SegmentLayers = [.. segmentLayers];
        _starts = new int[segmentBytes.Length + 1];
        for (var i = 0; i < segmentBytes.Length; i++) _starts[i + 1] = _starts[i] + segmentBytes[i];
    }

    /// <summary>Number of (layer, plane) slabs.</summary>
    public int Segments => _starts.Length - 1;

    /// <summary>The layer of each segment.</summary>
    public ImmutableArray<int> SegmentLayers { get; }

    /// <summary>Bytes of one token over all segments.</summary>
    public int BytesPerToken => _starts[^1];

    /// <summary>Bytes of one token in one segment.</summary>
    public int SegmentBytesPerToken(int segment) => _starts[segment + 1] - _starts[segment];

    /// <summary>Bytes of one token over <paramref name="segments"/> segments.</summary>
    public int RangeBytesPerToken(int firstSegment, int segments) => _starts[firstSegment + segments] - _starts[firstSegment];

    /// <summary>Bytes of a chunk of <paramref name="tokens"/> tokens.</summary>
    public int PayloadBytes(int tokens) => checked(tokens * BytesPerToken);

    /// <summary>Where the segment begins in the payload of a chunk of <paramref name="chunkTokens"/> tokens.</summary>
    public int SegmentOffset(int segment, int chunkTokens) => _starts[segment] * chunkTokens;

    internal static ShardShape Of(KvLayout layout, LayoutShard shard)
    {
        var segments = layout.Groups
            .SelectMany(part => part.Layers.Select(layer => (Layer: layer, Group: part)))
            .Where(entry => entry.Layer >= shard.FirstLayer && entry.Layer < shard.EndLayer)
            .OrderBy(entry => entry.Layer)
            .SelectMany(entry => Enumerable.Repeat(entry, entry.Group.Planes))
            .ToList();
        return new ShardShape(
            [.. segments.Select(entry => (shard.Heads == 0 ? entry.Group.Heads : shard.Heads) * entry.Group.HeadBytes)],
            [.. segments.Select(entry => entry.Layer)]);
    }
}
