using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PrefixCache.Format.Layouts;

/// <summary>The canonical encoding of a layout, over which its id is computed.</summary>
/// <remarks>
/// field(x) = u32le(length) ‖ bytes; numbers are u32le; lists are a count and their items; fields in the order of the message definition.
/// </remarks>
public static class LayoutEncoding
{
    /// <summary>SHA256("prefixcache/layout/1" ‖ canonical encoding).</summary>
    public static LayoutId ComputeId(KvLayout layout)
    {
        LayoutId id = default;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("prefixcache/layout/1"u8);
        hash.AppendData(Encode(layout));
        hash.GetHashAndReset(id);
        return id;
    }

    public static byte[] Encode(KvLayout layout)
    {
        var buffer = new MemoryStream();
        Field(buffer, layout.Model);
        Field(buffer, layout.Revision);
        Number(buffer, (int)layout.Type);
        Number(buffer, layout.ChunkTokens);
        Field(buffer, layout.ScaleDigest);
        Number(buffer, layout.Groups.Count);
        foreach (var group in layout.Groups)
        {
            Number(buffer, (int)group.Kind);
            Numbers(buffer, group.Layers);
            Number(buffer, group.Planes);
            Number(buffer, group.Heads);
            Number(buffer, group.HeadBytes);
        }

        Number(buffer, layout.Shards.Count);
        foreach (var shard in layout.Shards)
        {
            Number(buffer, shard.FirstLayer);
            Number(buffer, shard.Layers);
            Number(buffer, shard.FirstHead);
            Number(buffer, shard.Heads);
            Numbers(buffer, shard.Ranks);
        }

        return buffer.ToArray();
    }

    private static void Field(MemoryStream buffer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Number(buffer, bytes.Length);
        buffer.Write(bytes);
    }

    private static void Numbers(MemoryStream buffer, IReadOnlyList<int> values)
    {
        Number(buffer, values.Count);
        foreach (var value in values) Number(buffer, value);
    }

    private static void Number(MemoryStream buffer, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        buffer.Write(bytes);
    }
}
