using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.SharedMemory;

/// <summary>Where the chunks of one shard of a hit lie in the arena.</summary>
internal sealed class HitExtents
{
    private readonly ShardExtents _message;

    private HitExtents(ShardExtents message, Guid arena) => (_message, ArenaId) = (message, arena);

    public Guid ArenaId { get; }

    public int Count => _message.Offsets.Count;

    /// <summary>Null when the node's answer does not cover the hit: streams serve it then.</summary>
    public static HitExtents? TryRead(ShardExtents? message, int shard, KvLayout layout, int hitTokens)
    {
        if (message is null || message.Shard != (uint)shard || message.Arena.Length != 16) return null;
        var chunks = (hitTokens + layout.ChunkTokens - 1) / layout.ChunkTokens;
        if (message.Offsets.Count != chunks || message.Tokens.Count != chunks || message.Entries.Count != chunks
            || message.Generations.Count != chunks) return null;
        for (var i = 0; i < chunks; i++)
        {
            var needed = (uint)Math.Min(layout.ChunkTokens, hitTokens - (i * layout.ChunkTokens));
            if (message.Tokens[i] < needed || message.Tokens[i] > (uint)layout.ChunkTokens
                || message.Entries[i] > int.MaxValue || message.Offsets[i] > long.MaxValue) return null;
        }

        return new HitExtents(message, new Guid(message.Arena.Span, bigEndian: true));
    }

    /// <param name="position">Chunk position in the sequence.</param>
    public BlockExtent this[int position] => new((long)_message.Offsets[position], (int)_message.Tokens[position],
        (int)_message.Entries[position], _message.Generations[position]);
}
