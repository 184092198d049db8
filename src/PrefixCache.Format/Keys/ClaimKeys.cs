using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PrefixCache.Format.Keys;

/// <summary>Names what two nodes compute at the same time: requests that share a parent chunk and its next few tokens meet under one
/// key.</summary>
/// <remarks>Thread-safe, no state.</remarks>
public static class ClaimKeys
{
    /// <summary>How many tokens of a chunk position the key depends on.</summary>
    public const int HeadTokens = 16;

    /// <summary>SHA256("prefixcache/claim/1" ‖ previous ‖ u32le(token_count) ‖ tokens ‖ items).</summary>
    /// <param name="previous">Key of the chunk before the position; the namespace's root at position 0.</param>
    /// <param name="tokens">The position's first <see cref="HeadTokens"/> tokens, or as many as there are; u32 little-endian each.</param>
    /// <param name="items">(u32le(offset) ‖ field(digest))… of the multimodal items that start in them, as in
    /// <see cref="ChunkKeys.Next"/>.</param>
    public static ChunkKey Of(in ChunkKey previous, ReadOnlySpan<byte> tokens, ReadOnlySpan<byte> items = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("prefixcache/claim/1"u8);
        hash.AppendData(previous);
        Span<byte> count = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(count, (uint)(tokens.Length / sizeof(uint)));
        hash.AppendData(count);
        hash.AppendData(tokens);
        hash.AppendData(items);
        ChunkKey key = default;
        hash.GetHashAndReset(key);
        return key;
    }
}
