using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Transfers;

/// <summary>Which session may load or store which shard.</summary>
internal static class ShardAccess
{
    public static CacheError? CheckLoad(KvLayout layout, Session session, int shard)
    {
        if (CheckShard(layout, shard) is { } error) return error;
        if (session.Role == SessionRole.Scheduler || layout.Shards[shard].Ranks.Contains(session.Rank)) return null;
        return CacheError.InvalidArgument($"Rank {session.Rank} does not hold shard {shard}: its ranks are {Ranks(layout, shard)}.");
    }

    public static CacheError? CheckStore(KvLayout layout, Session session, int shard)
    {
        if (CheckShard(layout, shard) is { } error) return error;
        if (session.Role == SessionRole.Scheduler || layout.Shards[shard].Ranks[0] == session.Rank) return null;
        return CacheError.InvalidArgument(
            $"Rank {session.Rank} does not store shard {shard}: the first of its ranks {Ranks(layout, shard)} does.");
    }

    private static CacheError? CheckShard(KvLayout layout, int shard) => shard >= 0 && shard < layout.Shards.Count
        ? null
        : CacheError.InvalidArgument($"shard is {shard}: the layout has {layout.Shards.Count}, from 0.");

    private static string Ranks(KvLayout layout, int shard) => string.Join(", ", layout.Shards[shard].Ranks.Take(16));
}
