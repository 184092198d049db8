using System.Runtime.InteropServices;
using PrefixCache.Core.Tokens;

namespace PrefixCache.UnitTests;

/// <summary>Token sequences of tests. The machine is little-endian, as the wire is.</summary>
internal static class TokenList
{
    public static uint[] Count(int count, uint first = 0) => [.. Enumerable.Range(0, count).Select(i => first + (uint)i)];

    public static byte[] Bytes(ReadOnlySpan<uint> tokens) => MemoryMarshal.AsBytes(tokens).ToArray();

    public static TokenBuffer Buffer(ReadOnlySpan<uint> tokens)
    {
        var buffer = new TokenBuffer(tokens.Length);
        MemoryMarshal.AsBytes(tokens).CopyTo(buffer.Memory.Span);
        return buffer;
    }
}
