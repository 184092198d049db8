using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>The messages of <see cref="TestKv"/>'s layouts, to be made wrong.</summary>
internal static class RawLayout
{
    public static KvLayout Sound(uint chunkTokens = 32) => new()
    {
        Model = "test-model",
        Revision = "1",
        Dtype = KvType.Bf16,
        ChunkTokens = chunkTokens,
        Groups = { new LayerGroup { Kind = LayerGroup.Types.Kind.Full, Layers = { 0, 1, 2, 3 }, Planes = 2, Heads = 2, HeadBytes = 128 } },
        Shards = { new Shard { Layers = 4, Ranks = { 0 } } },
    };

    public static KvLayout TwoRanks()
    {
        var layout = Sound();
        layout.Revision = "tp2";
        layout.Shards.Clear();
        layout.Shards.Add(new Shard { Layers = 4, Heads = 1, Ranks = { 0 } });
        layout.Shards.Add(new Shard { Layers = 4, FirstHead = 1, Heads = 1, Ranks = { 1 } });
        return layout;
    }
}
