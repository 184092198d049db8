using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>Where claims of one chunk position meet within a node: behind one chunk, with the same first few tokens.</summary>
/// <param name="Parent">Key of the chunk before the position; the namespace's root at position 0.</param>
/// <param name="Head">Of the position's first <see cref="ClaimKeys.HeadTokens"/> tokens and the items among them.</param>
/// <remarks>
/// What <see cref="ClaimKeys"/> names among nodes, without SHA-256: lookups ask for it under the node's lock, where nothing of the kind may
/// run. What meets by chance is told apart when the tokens are compared.
/// </remarks>
internal readonly record struct ClaimSlot(ChunkKey Parent, ulong Head)
{
    /// <summary>Nobody can choose tokens that meet.</summary>
    private static readonly ulong Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <param name="text">From the position's start on, a token or more.</param>
    public static ClaimSlot Of(in ChunkKey parent, in ChunkText text)
    {
        Span<ulong> symbols = stackalloc ulong[ClaimKeys.HeadTokens];
        symbols = symbols[..Math.Min(text.Count, ClaimKeys.HeadTokens)];
        for (var i = 0; i < symbols.Length; i++) symbols[i] = text.Symbol(i);
        return new ClaimSlot(parent, Xxh3.Hash64(MemoryMarshal.AsBytes(symbols), Seed));
    }
}
