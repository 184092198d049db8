using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Decides which chunk goes next. Called under the node's lock.</summary>
internal interface IEvictionPolicy
{
    /// <summary>The chunk got its first block.</summary>
    void Added(ChunkNode node);

    /// <summary>The chunks of a path, from the first position on, were used.</summary>
    void Used(IReadOnlyList<ChunkNode> path);

    /// <summary>The chunk lost its blocks.</summary>
    void Removed(ChunkNode node);

    /// <summary>An evictable chunk, or null when every one is needed. It stays listed until <see cref="Removed"/>.</summary>
    ChunkNode? SelectVictim();
}
