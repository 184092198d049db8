using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Tokens as members of a sorted set: u32 big-endian each, so that the order of bytes is that of tokens.</summary>
internal static class BigEndianTokens
{
    public static byte[] Encode(ReadOnlySpan<uint> tokens)
    {
        var bytes = new byte[tokens.Length * sizeof(uint)];
        BinaryPrimitives.ReverseEndianness(tokens, MemoryMarshal.Cast<byte, uint>(bytes.AsSpan()));
        return bytes;
    }

    /// <summary>Null where the bytes are no such list of 1 to <paramref name="most"/> tokens.</summary>
    public static TokenBuffer? TryDecode(ReadOnlySpan<byte> bytes, int most)
    {
        if (bytes.Length == 0 || bytes.Length % sizeof(uint) != 0 || bytes.Length / sizeof(uint) > most) return null;
        var tokens = new TokenBuffer(bytes.Length / sizeof(uint));
        BinaryPrimitives.ReverseEndianness(
            MemoryMarshal.Cast<byte, uint>(bytes), MemoryMarshal.Cast<byte, uint>(tokens.Memory.Span));
        return tokens;
    }
}
