using PrefixCache.Core.Index;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>A chunk that is to be loaded, and the searches that wait for it.</summary>
/// <remarks>Protected by the node's lock. Keeps its node in the index as a writer does.</remarks>
internal sealed class LoadJob(ChunkNode node, RedisName name, ChunkManifest[] shards, int position)
{
    public ChunkNode Node => node;

    public RedisName Name => name;

    public ChunkManifest[] Shards => shards;

    /// <summary>In the prompt.</summary>
    public int FirstToken => position * node.Tree.Layout.ChunkTokens;

    public List<RedisSearch> Searches { get; } = [];

    public bool IsWanted => Searches.Exists(search => !search.IsOver && search.EndTokens > FirstToken);
}
