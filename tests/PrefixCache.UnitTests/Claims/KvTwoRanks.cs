using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Claims;

/// <summary>Two ranks with half of the heads each, at 8 bytes a token.</summary>
internal static class KvTwoRanks
{
    public static KvLayout Layout(int chunkTokens) => new()
    {
        Model = "notes-tp2",
        Revision = "r",
        Type = KvType.BFloat16,
        ChunkTokens = chunkTokens,
        Groups = [new LayerGroup { Layers = [0], Heads = 2, HeadBytes = 8 }],
        Shards = [new LayoutShard { Layers = 1, Heads = 1, Ranks = [0] },
            new LayoutShard { Layers = 1, FirstHead = 1, Heads = 1, Ranks = [1] }],
    };
}
