using PrefixCache.Client.SharedMemory;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.Devices;

/// <summary>Which chunks of one shard of a hit lie in the memory of this process's device, and where.</summary>
internal sealed class DeviceHitExtents
{
    private readonly DeviceExtents _message;

    /// <summary>Of each chunk of the hit, its place in the message's lists; -1 = it does not lie there.</summary>
    private readonly int[] _places;

    private DeviceHitExtents(DeviceExtents message, int[] places) =>
        (_message, _places, ArenaId) = (message, places, new Guid(message.Arena.Span, bigEndian: true));

    public Guid ArenaId { get; }

    /// <summary>Null when the node's answer is none that makes sense for the hit: other memory serves it then.</summary>
    public static DeviceHitExtents? TryRead(DeviceExtents? message, int shard, KvLayout layout, int hitTokens)
    {
        if (message is null || message.Shard != (uint)shard || message.Arena.Length != 16) return null;
        var count = message.Positions.Count;
        if (count == 0 || message.Offsets.Count != count || message.Tokens.Count != count || message.Entries.Count != count
            || message.Generations.Count != count) return null;
        var places = new int[(hitTokens + layout.ChunkTokens - 1) / layout.ChunkTokens];
        Array.Fill(places, -1);
        for (var i = 0; i < count; i++)
        {
            var position = message.Positions[i];
            if (position >= (uint)places.Length || (i > 0 && position <= message.Positions[i - 1])) return null;
            var needed = (uint)Math.Min(layout.ChunkTokens, hitTokens - ((int)position * layout.ChunkTokens));
            if (message.Tokens[i] < needed || message.Tokens[i] > (uint)layout.ChunkTokens
                || message.Entries[i] > int.MaxValue || message.Offsets[i] > long.MaxValue) return null;
            places[position] = i;
        }

        return new DeviceHitExtents(message, places);
    }

    /// <summary>Where a chunk lies; null = not there.</summary>
    /// <param name="position">Chunk position in the sequence, within the hit.</param>
    public BlockExtent? this[int position] => _places[position] is var place and >= 0
        ? new BlockExtent((long)_message.Offsets[place], (int)_message.Tokens[place], (int)_message.Entries[place],
            _message.Generations[place])
        : null;
}
