namespace PrefixCache.Client.Memory;

/// <summary>The caller's KV memory for one shard of one sequence: where each token of each segment lies.</summary>
/// <remarks>
/// A segment is one (layer, plane) slab of the shard, layer outermost, then plane (K, V); a token has the shard's bytes per token and
/// segment there, all its heads in order. Called by one transfer at a time, on any thread; a transfer may ask for a tile before it has
/// copied the one in front.
/// </remarks>
public interface IKvMemory
{
    /// <summary>The memory of some tokens.</summary>
    /// <param name="segment">0 to the shard's segments - 1.</param>
    /// <param name="firstToken">Token of the sequence, from 0.</param>
    /// <param name="tokens">Most tokens wanted.</param>
    /// <returns>Whole tokens from <paramref name="firstToken"/> on, at least one, at most <paramref name="tokens"/>: as far as one
    /// <see cref="KvTile"/> can tell where they lie. The larger, the cheaper.</returns>
    KvTile GetTile(int segment, int firstToken, int tokens);
}
