using PrefixCache.Format.Layouts;
using Messages = PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>From the layout's message to the domain's type. What the message leaves open gets its documented default.</summary>
internal static class LayoutMessages
{
    public static KvLayout ToDomain(this Messages.KvLayout layout) => new()
    {
        Model = layout.Model,
        Revision = layout.Revision,
        Type = (KvType)layout.Dtype,
        ChunkTokens = layout.ChunkTokens == 0 ? KvLayout.DefaultChunkTokens : Signed(layout.ChunkTokens),
        ScaleDigest = layout.ScaleDigest,
        Groups = [.. layout.Groups.Select(ToDomain)],
        Shards = [.. layout.Shards.Select(ToDomain)],
    };

    public static Messages.ShardShape ToMessage(this ShardShape shape, int chunkTokens) => new()
    {
        Segments = (uint)shape.Segments,
        BytesPerToken = (ulong)shape.BytesPerToken,
        BytesPerChunk = (ulong)shape.PayloadBytes(chunkTokens),
    };

    private static LayerGroup ToDomain(Messages.LayerGroup group) => new()
    {
        Kind = (LayerGroupKind)group.Kind,
        Layers = [.. group.Layers.Select(Signed)],
        Planes = Signed(group.Planes),
        Heads = Signed(group.Heads),
        HeadBytes = Signed(group.HeadBytes),
    };

    private static LayoutShard ToDomain(Messages.Shard shard) => new()
    {
        FirstLayer = Signed(shard.FirstLayer),
        Layers = Signed(shard.Layers),
        FirstHead = Signed(shard.FirstHead),
        Heads = Signed(shard.Heads),
        Ranks = [.. shard.Ranks.Select(Signed)],
    };

    /// <summary>Numbers over the domain's range become its largest, which the validator refuses by name.</summary>
    private static int Signed(uint value) => (int)Math.Min(value, int.MaxValue);
}
