using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;

namespace PrefixCache.Core.Transfers;

/// <summary>One chunk to send: its block and which of its tokens.</summary>
/// <param name="Position">Chunk position in the sequence.</param>
/// <param name="Block">Leased for as long as the transfer lives.</param>
/// <param name="FirstToken">First token, counted from the chunk's start.</param>
/// <param name="Tokens">Number of tokens, at least one.</param>
public readonly record struct ChunkRead(int Position, Block Block, int FirstToken, int Tokens)
{
    internal ChunkNode Node { get; init; } = null!;
}
