using PrefixCache.Client.Memory;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.Transfers;

/// <summary>The caller's KV, on its way to the node.</summary>
internal interface IStoreSource
{
    /// <summary>Writes one chunk into the arena; on return its bytes are visible to every process that sees its commit.</summary>
    /// <param name="arena">Held by the caller.</param>
    /// <param name="offset">Where it goes, from the arena's start.</param>
    /// <param name="firstToken">The chunk's first token in the sequence.</param>
    /// <param name="tokens">The chunk's tokens.</param>
    /// <returns>XXH3-64 of each segment; empty = the node computes them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The chunk would not lie within the arena.</exception>
    ulong[] Write(ArenaView arena, long offset, ShardShape shape, int firstToken, int tokens);

    /// <summary>One chunk in memory that the processor reads, until the next call.</summary>
    /// <param name="firstToken">The chunk's first token in the sequence.</param>
    /// <param name="tokens">The chunk's tokens.</param>
    IKvMemory Read(ShardShape shape, int firstToken, int tokens);
}
