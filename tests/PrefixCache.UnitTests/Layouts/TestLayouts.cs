using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Layouts;

/// <summary>Layouts of well-known shapes.</summary>
internal static class TestLayouts
{
    public static KvLayout Llama8B(int tensorParallel = 1) => new()
    {
        Model = "meta-llama/Llama-3.1-8B",
        Revision = "sha256:abc",
        Type = KvType.BFloat16,
        Groups = [new LayerGroup { Layers = [.. Enumerable.Range(0, 32)], Heads = 8, HeadBytes = 256 }],
        Shards =
        [
            .. Enumerable.Range(0, tensorParallel).Select(rank => tensorParallel == 1
                ? new LayoutShard { Layers = 32 }
                : new LayoutShard { Layers = 32, FirstHead = rank * 8 / tensorParallel, Heads = 8 / tensorParallel, Ranks = [rank] }),
        ],
    };

    /// <summary>A latent of 576 elements that each of four ranks holds whole.</summary>
    public static KvLayout Latent() => new()
    {
        Model = "mla",
        Revision = "r",
        Type = KvType.BFloat16,
        Groups = [new LayerGroup { Layers = [.. Enumerable.Range(0, 61)], Planes = 1, Heads = 1, HeadBytes = 1152 }],
        Shards = [new LayoutShard { Layers = 61, Ranks = [0, 1, 2, 3] }],
    };

    /// <summary>Two layer groups of different shape in turns, two pipeline stages of different length, two ranks each.</summary>
    public static KvLayout Mixed() => new()
    {
        Model = "µ",
        Revision = "日本",
        Type = KvType.Float8E4M3,
        ChunkTokens = 512,
        ScaleDigest = "s1",
        Groups =
        [
            new LayerGroup { Layers = [0, 2], Heads = 8, HeadBytes = 128 },
            new LayerGroup { Layers = [1], Planes = 1, Heads = 1, HeadBytes = 576 },
        ],
        Shards = [new LayoutShard { Layers = 1, Ranks = [0, 1] }, new LayoutShard { FirstLayer = 1, Layers = 2, Ranks = [2, 3] }],
    };

    public static KvLayout Tiny() => new()
    {
        Model = "m",
        Revision = "r",
        Type = KvType.BFloat16,
        ChunkTokens = 16,
        Groups = [new LayerGroup { Layers = [0, 1], Heads = 2, HeadBytes = 4 }],
        Shards = [new LayoutShard { Layers = 2 }],
    };

    /// <summary>A copy with some fields replaced.</summary>
    public static KvLayout With(this KvLayout from, string? model = null, string? revision = null, KvType? type = null,
        int? chunkTokens = null,
        string? scaleDigest = null, IReadOnlyList<LayerGroup>? groups = null, IReadOnlyList<LayoutShard>? shards = null) => new()
        {
            Model = model ?? from.Model,
            Revision = revision ?? from.Revision,
            Type = type ?? from.Type,
            ChunkTokens = chunkTokens ?? from.ChunkTokens,
            ScaleDigest = scaleDigest ?? from.ScaleDigest,
            Groups = groups ?? from.Groups,
            Shards = shards ?? from.Shards,
        };

    public static KvLayout WithGroup(this KvLayout from, Func<LayerGroup, LayerGroup> change) =>
        from.With(groups: [change(from.Groups[0]), .. from.Groups.Skip(1)]);

    public static KvLayout WithShard(this KvLayout from, Func<LayoutShard, LayoutShard> change) =>
        from.With(shards: [change(from.Shards[0]), .. from.Shards.Skip(1)]);
}
