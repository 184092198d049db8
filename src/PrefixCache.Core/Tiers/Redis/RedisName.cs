using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What the keys of one chunk begin with: <c>prefix:{64 hex digits}:</c>. The braces put all of them into one slot.</summary>
internal readonly struct RedisName
{
    private readonly byte[] _start;

    /// <param name="prefix">Option redis-prefix.</param>
    /// <param name="key">Of the chunk.</param>
    public RedisName(string prefix, in ChunkKey key)
    {
        _start = Encoding.UTF8.GetBytes($"{prefix}:{{{Convert.ToHexStringLower(key)}}}:");
        Slot = HashSlot.Of(_start);
    }

    public int Slot { get; }

    /// <summary>The key that names nonce, sizes and checksums of a shard.</summary>
    public RespCommands AddManifest(RespCommands commands, int shard) => Add(commands, $"m{shard}");

    /// <summary>The key of a part of a shard's payload.</summary>
    public RespCommands AddPart(RespCommands commands, int shard, ulong nonce, int part) =>
        Add(commands, $"p{shard}:{nonce:x16}:{part}");

    /// <summary>The sorted set of the tokens of the chunks that follow.</summary>
    public RespCommands AddChildren(RespCommands commands) => Add(commands, "c");

    public RespCommands Add(RespCommands commands, string end)
    {
        Span<byte> bytes = stackalloc byte[64];
        return commands.Add(_start, bytes[..Encoding.UTF8.GetBytes(end, bytes)]);
    }

    public override string ToString() => Encoding.UTF8.GetString(_start);
}
