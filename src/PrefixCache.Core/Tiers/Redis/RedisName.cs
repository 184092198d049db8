using System.Buffers.Text;
using System.Globalization;
using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What the keys of one chunk begin with: <c>prefix:{64 hex digits}:</c>. The braces put all of them into one slot.</summary>
internal readonly struct RedisName
{
    private readonly byte[] _start;

    /// <param name="prefix">Option redis-prefix, as UTF-8.</param>
    /// <param name="key">Of the chunk.</param>
    public RedisName(ReadOnlySpan<byte> prefix, in ChunkKey key)
    {
        _start = new byte[prefix.Length + (2 * ChunkKey.Length) + 4];
        prefix.CopyTo(_start);
        ":{"u8.CopyTo(_start.AsSpan(prefix.Length));
        Convert.TryToHexStringLower(key, _start.AsSpan(prefix.Length + 2), out _);
        "}:"u8.CopyTo(_start.AsSpan(_start.Length - 2));
    }

    /// <summary>In a cluster.</summary>
    public int Slot => HashSlot.Of(_start);

    /// <summary>The key that names nonce, sizes and checksums of a shard.</summary>
    public RespCommands AddManifest(RespCommands commands, int shard)
    {
        Span<byte> end = stackalloc byte[16];
        end[0] = (byte)'m';
        Utf8Formatter.TryFormat(shard, end[1..], out var digits);
        return commands.Add(_start, end[..(digits + 1)]);
    }

    /// <summary>The key of a part of a shard's payload.</summary>
    public RespCommands AddPart(RespCommands commands, int shard, ulong nonce, int part)
    {
        Span<byte> end = stackalloc byte[48];
        return commands.Add(_start, end[..Format(end, shard, nonce, part)]);
    }

    /// <summary>The sorted set of the tokens of the chunks that follow.</summary>
    public RespCommands AddChildren(RespCommands commands) => commands.Add(_start, "c"u8);

    /// <summary>Who computes what begins here, and what.</summary>
    public RespCommands AddClaim(RespCommands commands) => commands.Add(_start, "l"u8);

    public override string ToString() => Encoding.UTF8.GetString(_start);

    /// <returns>Bytes written; the longest name fits.</returns>
    private static int Format(Span<byte> end, int shard, ulong nonce, int part)
    {
        System.Text.Unicode.Utf8.TryWrite(end, CultureInfo.InvariantCulture, $"p{shard}:{nonce:x16}:{part}", out var written);
        return written;
    }
}
