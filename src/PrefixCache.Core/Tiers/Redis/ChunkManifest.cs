using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What Redis has of one shard of one chunk: how long it is, in which parts, and its checksums.</summary>
/// <remarks>
/// On the wire, little-endian: "PCM1", u32 tokens, u64 nonce, u64 payload bytes, u32 part bytes, u32 segments, u64 XXH3-64 of each segment,
/// u64 XXH3-64 of all before it.
/// </remarks>
internal sealed class ChunkManifest
{
    private const int HeadBytes = 32;

    /// <summary>A part that is larger was not written by this program.</summary>
    private const int MaxPartBytes = 512 << 20;

    /// <summary>Every command on a chunk names all of them.</summary>
    private const int MaxParts = 1024;

    /// <param name="bytes">Checked.</param>
    private ChunkManifest(byte[] bytes) => Bytes = bytes;

    /// <summary>As it is in Redis.</summary>
    public byte[] Bytes { get; }

    public int Tokens => BinaryPrimitives.ReadInt32LittleEndian(Bytes.AsSpan(4));

    /// <summary>In the keys of the parts: of two writers, each has its own.</summary>
    public ulong Nonce => BinaryPrimitives.ReadUInt64LittleEndian(Bytes.AsSpan(8));

    public int PayloadBytes => (int)BinaryPrimitives.ReadInt64LittleEndian(Bytes.AsSpan(16));

    /// <summary>Of each part but the last.</summary>
    public int PartBytes => BinaryPrimitives.ReadInt32LittleEndian(Bytes.AsSpan(24));

    /// <summary>XXH3-64 of each segment.</summary>
    public ulong[] Checksums => MemoryMarshal.Cast<byte, ulong>(Bytes.AsSpan(HeadBytes..^sizeof(ulong))).ToArray();

    public int Parts => (PayloadBytes + PartBytes - 1) / PartBytes;

    /// <param name="nonce">Random.</param>
    public static ChunkManifest Make(int tokens, ulong nonce, int payloadBytes, int partBytes, ReadOnlySpan<ulong> checksums)
    {
        var bytes = new byte[HeadBytes + ((checksums.Length + 1) * sizeof(ulong))];
        "PCM1"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), tokens);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), nonce);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), payloadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), partBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), checksums.Length);
        MemoryMarshal.AsBytes(checksums).CopyTo(bytes.AsSpan(HeadBytes));
        var end = bytes.Length - sizeof(ulong);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(end), Xxh3.Hash64(bytes.AsSpan(0, end)));
        return new ChunkManifest(bytes);
    }

    /// <summary>Null where the bytes are no manifest of a chunk of that many tokens and that shape.</summary>
    /// <param name="bytes">Kept, and not changed by anybody.</param>
    public static ChunkManifest? TryRead(byte[] bytes, ShardShape shape, int tokens)
    {
        if (bytes.Length != HeadBytes + ((shape.Segments + 1) * sizeof(ulong)) || !bytes.AsSpan().StartsWith("PCM1"u8)) return null;
        var end = bytes.Length - sizeof(ulong);
        if (Xxh3.Hash64(bytes.AsSpan(0, end)) != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(end))) return null;
        var manifest = new ChunkManifest(bytes);
        return manifest.Tokens == tokens && BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)) == shape.PayloadBytes(tokens)
            && manifest.PartBytes is > 0 and <= MaxPartBytes && manifest.Parts <= MaxParts
            && BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(28)) == shape.Segments
            ? manifest
            : null;
    }

    /// <summary>Where a part lies in the payload, in bytes.</summary>
    public (int Offset, int Length) Part(int part)
    {
        var offset = part * PartBytes;
        return (offset, Math.Min(PartBytes, PayloadBytes - offset));
    }
}
