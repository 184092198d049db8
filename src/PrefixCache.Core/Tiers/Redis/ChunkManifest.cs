using System.Buffers.Binary;
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

    private ChunkManifest(byte[] bytes, int tokens, ulong nonce, int payloadBytes, int partBytes, ulong[] checksums) =>
        (Bytes, Tokens, Nonce, PayloadBytes, PartBytes, Checksums) = (bytes, tokens, nonce, payloadBytes, partBytes, checksums);

    /// <summary>As it is in Redis.</summary>
    public byte[] Bytes { get; }

    public int Tokens { get; }

    /// <summary>In the keys of the parts: of two writers, each has its own.</summary>
    public ulong Nonce { get; }

    public int PayloadBytes { get; }

    /// <summary>Of each part but the last.</summary>
    public int PartBytes { get; }

    /// <summary>XXH3-64 of each segment.</summary>
    public ulong[] Checksums { get; }

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
        for (var i = 0; i < checksums.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HeadBytes + (i * sizeof(ulong))), checksums[i]);
        var end = bytes.Length - sizeof(ulong);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(end), Xxh3.Hash64(bytes.AsSpan(0, end)));
        return new ChunkManifest(bytes, tokens, nonce, payloadBytes, partBytes, checksums.ToArray());
    }

    /// <summary>Null where the bytes are no manifest of a chunk of that many tokens and that shape.</summary>
    public static ChunkManifest? TryRead(ReadOnlySpan<byte> bytes, ShardShape shape, int tokens)
    {
        if (bytes.Length != HeadBytes + ((shape.Segments + 1) * sizeof(ulong)) || !bytes.StartsWith("PCM1"u8)) return null;
        var end = bytes.Length - sizeof(ulong);
        if (Xxh3.Hash64(bytes[..end]) != BinaryPrimitives.ReadUInt64LittleEndian(bytes[end..])) return null;
        var partBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) != tokens
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]) != shape.PayloadBytes(tokens)
            || partBytes is < 1 or > MaxPartBytes || BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]) != shape.Segments) return null;
        var checksums = new ulong[shape.Segments];
        for (var i = 0; i < checksums.Length; i++)
            checksums[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(HeadBytes + (i * sizeof(ulong)))..]);
        var nonce = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        return new ChunkManifest(bytes.ToArray(), tokens, nonce, shape.PayloadBytes(tokens), partBytes, checksums);
    }

    /// <summary>Where a part lies in the payload, in bytes.</summary>
    public (int Offset, int Length) Part(int part)
    {
        var offset = part * PartBytes;
        return (offset, Math.Min(PartBytes, PayloadBytes - offset));
    }
}
