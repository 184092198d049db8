using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Core.Tokens;

/// <summary>What the KV of one chunk depends on, behind its ancestors: its tokens, and the multimodal items that start in it.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="Items">Those that start at one of the tokens, in rising position.</param>
/// <param name="FirstToken">What the items' positions count from.</param>
internal readonly ref struct ChunkText(ReadOnlySpan<uint> Tokens, ReadOnlySpan<MultimodalItem> Items, int FirstToken = 0)
{
    /// <summary>Nobody can make two items look alike to the index.</summary>
    private static readonly ulong Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    public ReadOnlySpan<uint> Tokens { get; } = Tokens;

    public ReadOnlySpan<MultimodalItem> Items { get; } = Items;

    public int FirstToken { get; } = FirstToken;

    public int Count => Tokens.Length;

    /// <summary>u32 little-endian each.</summary>
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(Tokens);

    /// <summary>The first <paramref name="count"/> tokens.</summary>
    public ChunkText Cut(int count)
    {
        var items = 0;
        while (items < Items.Length && Items[items].Position - FirstToken < count) items++;
        return new ChunkText(Tokens[..count], Items[..items], FirstToken);
    }

    /// <summary>How many leading tokens have the same KV in both: a run ends before an item that differs or that one side lacks.</summary>
    public int CommonTokens(in ChunkText other)
    {
        var common = Tokens.CommonPrefixLength(other.Tokens);
        return Items.IsEmpty && other.Items.IsEmpty ? common : CommonItems(other, common);
    }

    /// <summary>
    /// Stands for the token at <paramref name="offset"/> and the item that starts there: the token itself where none does. Equal where both
    /// are equal; unequal where they are not, but for collisions of 63 random bits.
    /// </summary>
    public ulong Symbol(int offset)
    {
        var (low, high) = (0, Items.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var position = Items[middle].Position - FirstToken;
            if (position == offset) return (Xxh3.Hash64(Items[middle].Digest, Seed) ^ Tokens[offset]) | (1UL << 63);
            if (position < offset) low = middle + 1;
            else high = middle;
        }

        return Tokens[offset];
    }

    /// <summary>As the key chain wants them: (u32le(offset) ‖ field(digest))….</summary>
    public byte[] EncodeItems()
    {
        if (Items.IsEmpty) return [];
        var length = 0;
        foreach (var item in Items) length += (2 * sizeof(uint)) + item.Digest.Length;
        var bytes = new byte[length];
        var rest = bytes.AsSpan();
        foreach (var item in Items)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest, (uint)(item.Position - FirstToken));
            BinaryPrimitives.WriteUInt32LittleEndian(rest[sizeof(uint)..], (uint)item.Digest.Length);
            item.Digest.CopyTo(rest[(2 * sizeof(uint))..]);
            rest = rest[((2 * sizeof(uint)) + item.Digest.Length)..];
        }

        return bytes;
    }

    /// <summary>The items with positions from the chunk's start on; null = none.</summary>
    public MultimodalItem[]? OwnItems()
    {
        if (Items.IsEmpty) return null;
        var own = Items.ToArray();
        for (var i = 0; i < own.Length; i++) own[i] = own[i] with { Position = own[i].Position - FirstToken };
        return own;
    }

    private int CommonItems(in ChunkText other, int common)
    {
        for (var i = 0; ; i++)
        {
            var mine = i < Items.Length ? Items[i].Position - FirstToken : int.MaxValue;
            var theirs = i < other.Items.Length ? other.Items[i].Position - other.FirstToken : int.MaxValue;
            var next = Math.Min(mine, theirs);
            if (next >= common) return common;
            if (mine != theirs || !Items[i].IsSame(other.Items[i])) return next;
        }
    }
}
