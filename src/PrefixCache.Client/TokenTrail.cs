using System.Runtime.InteropServices;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Client;

/// <summary>
/// Tells whether a prompt begins with the tokens of a reservation, without keeping them: one hash of what was looked up, and one of each
/// append. The items among them are kept, for the same placeholders may stand for another image.
/// </summary>
/// <remarks>Not thread-safe: a reservation has one scheduler thread.</remarks>
internal sealed class TokenTrail(IReadOnlyList<MultimodalItem>? items = null)
{
    private readonly (int Position, byte[] Digest)[] _items = [.. (items ?? []).Select(item => (item.Position, item.Digest.ToArray()))];
    private readonly List<(int Count, ulong Hash)> _parts = [];

    public int Count { get; private set; }

    public void Add(ReadOnlySpan<int> tokens)
    {
        _parts.Add((tokens.Length, Xxh3.Hash64(MemoryMarshal.AsBytes(tokens))));
        Count += tokens.Length;
    }

    /// <param name="tokens">Of the prompt.</param>
    /// <param name="items">All items of the prompt.</param>
    public bool IsPrefixOf(ReadOnlySpan<int> tokens, IReadOnlyList<MultimodalItem> items)
    {
        if (Count == 0 || Count > tokens.Length || !HasSame(items)) return false;
        foreach (var (count, hash) in _parts)
        {
            if (Xxh3.Hash64(MemoryMarshal.AsBytes(tokens[..count])) != hash) return false;
            tokens = tokens[count..];
        }

        return true;
    }

    private bool HasSame(IReadOnlyList<MultimodalItem> items)
    {
        var same = 0;
        foreach (var item in items.Where(item => item.Position < Count))
        {
            if (same == _items.Length || item.Position != _items[same].Position || !item.Digest.Span.SequenceEqual(_items[same].Digest))
                return false;
            same++;
        }

        return same == _items.Length;
    }
}
