using Google.Protobuf;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>Where blocks lie, as messages.</summary>
internal static class ExtentMessages
{
    public static ShardExtents ToMessage(this LocatedShard located)
    {
        var message = new ShardExtents { Shard = (uint)located.Shard, Arena = ArenaId(located.ArenaId) };
        var count = located.Blocks.Count;
        (message.Offsets.Capacity, message.Tokens.Capacity) = (count, count);
        (message.Entries.Capacity, message.Generations.Capacity) = (count, count);
        foreach (var block in located.Blocks)
        {
            message.Offsets.Add((ulong)block.Offset);
            message.Tokens.Add((uint)block.Tokens);
            message.Entries.Add((uint)block.Entry);
            message.Generations.Add(block.Generation);
        }

        return message;
    }

    public static DeviceExtents ToMessage(this LocatedGpuShard located)
    {
        var message = new DeviceExtents { Shard = (uint)located.Shard, Arena = ArenaId(located.ArenaId) };
        foreach (var block in located.Blocks)
        {
            message.Positions.Add((uint)block.Position);
            message.Offsets.Add((ulong)block.Offset);
            message.Tokens.Add((uint)block.Tokens);
            message.Entries.Add((uint)block.Entry);
            message.Generations.Add(block.Generation);
        }

        return message;
    }

    /// <summary>16 bytes in the order of the text form (RFC 9562), as in the control region.</summary>
    public static ByteString ArenaId(Guid id) => UnsafeByteOperations.UnsafeWrap(id.ToByteArray(bigEndian: true));
}
