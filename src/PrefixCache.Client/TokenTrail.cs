using System.Runtime.InteropServices;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Client;

/// <summary>
/// Tells whether a prompt begins with the tokens of a reservation, without keeping them: one hash of what was looked up, and one of each append.
/// </summary>
/// <remarks>Not thread-safe: a reservation has one scheduler thread.</remarks>
internal sealed class TokenTrail
{
    private readonly List<(int Count, ulong Hash)> _parts = [];

    public int Count { get; private set; }

    public void Add(ReadOnlySpan<int> tokens)
    {
        _parts.Add((tokens.Length, Xxh3.Hash64(MemoryMarshal.AsBytes(tokens))));
        Count += tokens.Length;
    }

    public bool IsPrefixOf(ReadOnlySpan<int> tokens)
    {
        if (Count == 0 || Count > tokens.Length) return false;
        foreach (var (count, hash) in _parts)
        {
            if (Xxh3.Hash64(MemoryMarshal.AsBytes(tokens[..count])) != hash) return false;
            tokens = tokens[count..];
        }

        return true;
    }
}
