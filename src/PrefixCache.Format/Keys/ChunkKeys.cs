using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Format.Keys;

/// <summary>The key chain: SHA-256, because a prefix cache keyed by a weak hash can be poisoned (CVE-2025-25183).</summary>
/// <remarks>field(x) = u32le(length) ‖ bytes. Thread-safe, no state.</remarks>
public static class ChunkKeys
{
    /// <summary>
    /// SHA256("prefixcache/root/1" ‖ layout_id ‖ field(tenant) ‖ field(salt) ‖ field(adapter) ‖ u64le(epoch)).
    /// </summary>
    public static ChunkKey Root(in LayoutId layout, string tenant, string salt, string adapter, ulong epoch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("prefixcache/root/1"u8);
        hash.AppendData(layout);
        Field(hash, tenant);
        Field(hash, salt);
        Field(hash, adapter);
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, epoch);
        hash.AppendData(number);
        ChunkKey key = default;
        hash.GetHashAndReset(key);
        return key;
    }

    /// <summary>SHA256("prefixcache/chunk/1" ‖ previous ‖ u32le(token_count) ‖ tokens ‖ items).</summary>
    /// <param name="tokens">u32 little-endian each.</param>
    /// <param name="items">(u32le(offset) ‖ field(digest))… of the multimodal items that start in the chunk, offsets in tokens from its
    /// start.</param>
    public static ChunkKey Next(in ChunkKey previous, ReadOnlySpan<byte> tokens, ReadOnlySpan<byte> items = default)
    {
        // One call over one buffer costs a third of an incremental hash at 1 KiB; chunks have 16 KiB of tokens at most.
        var prefix = "prefixcache/chunk/1"u8;
        var length = prefix.Length + ChunkKey.Length + sizeof(uint) + tokens.Length + items.Length;
        Span<byte> buffer = length <= 2048 ? stackalloc byte[length] : new byte[length];
        prefix.CopyTo(buffer);
        var rest = buffer[prefix.Length..];
        ((ReadOnlySpan<byte>)previous).CopyTo(rest);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[ChunkKey.Length..], (uint)(tokens.Length / sizeof(uint)));
        tokens.CopyTo(rest[(ChunkKey.Length + sizeof(uint))..]);
        items.CopyTo(buffer[^items.Length..]);
        ChunkKey key = default;
        SHA256.HashData(buffer, key);
        return key;
    }

    private static void Field(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
