using PrefixCache.Format.Layouts;
using Messages = PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Wire;

/// <summary>From the domain's layout to its message.</summary>
internal static class LayoutMessages
{
    public static Messages.KvLayout ToMessage(this KvLayout layout)
    {
        var message = new Messages.KvLayout
        {
            Model = layout.Model,
            Revision = layout.Revision,
            Dtype = (Messages.KvType)layout.Type,
            ChunkTokens = (uint)layout.ChunkTokens,
            ScaleDigest = layout.ScaleDigest,
        };
        message.Groups.AddRange(layout.Groups.Select(ToMessage));
        message.Shards.AddRange(layout.Shards.Select(ToMessage));
        return message;
    }

    private static Messages.LayerGroup ToMessage(LayerGroup group)
    {
        var message = new Messages.LayerGroup
        {
            Kind = (Messages.LayerGroup.Types.Kind)group.Kind,
            Planes = (uint)group.Planes,
            Heads = (uint)group.Heads,
            HeadBytes = (uint)group.HeadBytes,
        };
        message.Layers.AddRange(group.Layers.Select(layer => (uint)layer));
        return message;
    }

    private static Messages.Shard ToMessage(LayoutShard shard)
    {
        var message = new Messages.Shard
        {
            FirstLayer = (uint)shard.FirstLayer,
            Layers = (uint)shard.Layers,
            FirstHead = (uint)shard.FirstHead,
            Heads = (uint)shard.Heads,
        };
        message.Ranks.AddRange(shard.Ranks.Select(rank => (uint)rank));
        return message;
    }
}
