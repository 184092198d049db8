using System.Globalization;
using System.Text;

namespace PrefixCache.TestRedis.Commands;

/// <summary>What Redis answered.</summary>
/// <param name="Bytes">A string, or a number in digits; null where Redis answered null or with an array.</param>
/// <param name="Items">An array; null where it answered anything else.</param>
public sealed record RedisReply(byte[]? Bytes, IReadOnlyList<RedisReply>? Items)
{
    public bool IsNull => Bytes is null && Items is null;

    /// <summary>The bytes, a character a byte (Latin-1), so that a binary key can be sent back as it came; empty for null.</summary>
    public string Text => Bytes is null ? "" : Encoding.Latin1.GetString(Bytes);

    public long Number => long.Parse(Text, CultureInfo.InvariantCulture);

    /// <summary>The texts of an array's items.</summary>
    public IEnumerable<string> Texts => Items?.Select(item => item.Text) ?? [];
}
