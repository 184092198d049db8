using System.Buffers.Binary;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Claims;

/// <summary>What a claim covers, as nodes tell one another: u32le(token_count) ‖ tokens ‖ (u32le(offset) ‖ field(digest))….</summary>
/// <remarks>From the start of the chunk position that the key names, so that both sides compare the same tokens.</remarks>
internal static class FleetTokens
{
    /// <summary>Most tokens that are told: who waits for more claims again behind them.</summary>
    public const int MaxTokens = 16_384;

    /// <param name="text">From the position's start on.</param>
    public static byte[] Encode(ChunkText text)
    {
        if (text.Count > MaxTokens) text = text.Cut(MaxTokens);
        var items = text.EncodeItems();
        var bytes = new byte[sizeof(uint) + text.Bytes.Length + items.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)text.Count);
        text.Bytes.CopyTo(bytes.AsSpan(sizeof(uint)));
        items.CopyTo(bytes.AsSpan(sizeof(uint) + text.Bytes.Length));
        return bytes;
    }

    /// <returns>The caller's; null where the bytes are no tokens.</returns>
    public static TokenBuffer? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (!TryNumber(ref bytes, out var count) || count is 0 or > MaxTokens || bytes.Length < count * sizeof(uint)) return null;
        var items = new List<MultimodalItem>();
        for (var rest = bytes[((int)count * sizeof(uint))..]; !rest.IsEmpty;)
        {
            if (!TryNumber(ref rest, out var offset) || !TryNumber(ref rest, out var length) || length > rest.Length) return null;
            items.Add(new MultimodalItem((int)Math.Min(offset, int.MaxValue), rest[..(int)length].ToArray()));
            rest = rest[(int)length..];
        }

        var tokens = new TokenBuffer((int)count, [.. items]);
        bytes[..((int)count * sizeof(uint))].CopyTo(tokens.Memory.Span);
        if (tokens.CheckItems() is null) return tokens;
        tokens.Dispose();
        return null;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> bytes, out uint number)
    {
        if (!BinaryPrimitives.TryReadUInt32LittleEndian(bytes, out number)) return false;
        bytes = bytes[sizeof(uint)..];
        return true;
    }
}
