using System.Security.Cryptography;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Core.Tokens;

/// <summary>Finds the hashes by which the index looks children up: XXH3-64 over a chunk's tokens, seeded at random per process.</summary>
/// <remarks>
/// Only a place to look: a match is decided by comparing the tokens themselves, which costs a thirtieth of a SHA-256 chain over them.
/// </remarks>
internal static class ChunkHashes
{
    private static readonly ulong Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    public static ulong Of(ReadOnlySpan<byte> tokens) => Xxh3.Hash64(tokens, Seed);

    /// <summary>One per chunk position, the short last one included.</summary>
    public static ulong[] Of(TokenBuffer tokens, int chunkTokens)
    {
        var hashes = new ulong[ChunkPosition.Count(tokens.Count, chunkTokens)];
        for (var i = 0; i < hashes.Length; i++)
            hashes[i] = Of(tokens.Slice(i * chunkTokens, ChunkPosition.Tokens(i, tokens.Count, chunkTokens)));
        return hashes;
    }
}
