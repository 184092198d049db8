namespace PrefixCache.Format.Layouts;

/// <summary>What one token's KV looks like for one model, and which ranks hold which part.</summary>
/// <remarks>Immutable. Check it with <see cref="LayoutValidator"/> before anything else is asked of it.</remarks>
public sealed class KvLayout
{
    public const int DefaultChunkTokens = 256;

    private readonly Lazy<LayoutId> _id;
    private ShardShape[]? _shapes;
    private int[]? _ranks;

    public KvLayout() => _id = new Lazy<LayoutId>(ComputeId);

    public required string Model { get; init; }

    /// <summary>Digest of the weights, or a name that its owner promises never to reuse.</summary>
    public required string Revision { get; init; }

    public required KvType Type { get; init; }

    public int ChunkTokens { get; init; } = DefaultChunkTokens;

    /// <summary>Digest of the scales of a quantized KV, else empty.</summary>
    public string ScaleDigest { get; init; } = "";

    public required IReadOnlyList<LayerGroup> Groups { get; init; }

    public required IReadOnlyList<LayoutShard> Shards { get; init; }

    /// <summary>SHA-256 over the canonical encoding of every field.</summary>
    public LayoutId Id => _id.Value;

    /// <summary>In the order of <see cref="Shards"/>.</summary>
    public IReadOnlyList<ShardShape> Shapes => _shapes ??= [.. Shards.Select(shard => ShardShape.Of(this, shard))];

    /// <summary>Every rank that holds a shard, in rising order.</summary>
    public IReadOnlyList<int> Ranks => _ranks ??= [.. Shards.SelectMany(shard => shard.Ranks).Distinct().Order()];

    /// <summary>Bytes of one token over all shards.</summary>
    public long BytesPerToken => Shapes.Sum(shape => shape.BytesPerToken);

    /// <summary>The common case: every layer alike with K and V planes, held whole by one rank.</summary>
    /// <param name="headDimension">Elements of one head.</param>
    public static KvLayout Uniform(string model, string revision, KvType type, int layers, int kvHeads, int headDimension,
        int chunkTokens = DefaultChunkTokens) => new()
        {
            Model = model,
            Revision = revision,
            Type = type,
            ChunkTokens = chunkTokens,
            Groups = [new LayerGroup { Layers = [.. Enumerable.Range(0, layers)], Heads = kvHeads,
                HeadBytes = headDimension * type.ElementBytes() }],
            Shards = [new LayoutShard { Layers = layers }],
        };

    private LayoutId ComputeId() => LayoutEncoding.ComputeId(this);
}
