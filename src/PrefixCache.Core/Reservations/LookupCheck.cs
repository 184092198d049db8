using System.Text;
using PrefixCache.Core.Index;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;

namespace PrefixCache.Core.Reservations;

/// <summary>What a lookup may ask. Null where nothing is wrong with it.</summary>
internal static class LookupCheck
{
    private const int MaxNameBytes = 256;
    private const int MaxAlignTokens = 65_536;

    public static CacheError? NotScheduler(Session session) => session.Role == SessionRole.Scheduler
        ? null
        : CacheError.InvalidArgument($"This is the session of rank {session.Rank}: only the instance's scheduler looks up and appends.");

    public static CacheError? Of(in LookupQuery query, TokenBuffer tokens)
    {
        if (NotScheduler(query.Session) is { } role) return role;
        var name = Encoding.UTF8.GetByteCount(query.RequestId);
        if (name is 0 or > MaxNameBytes) return CacheError.InvalidArgument($"request_id has {name} bytes: 1 to {MaxNameBytes}.");
        if (NamespaceKey.CheckNames(query.Salt, query.Adapter) is { } names) return names;
        if (query.AlignTokens is < 0 or > MaxAlignTokens)
            return CacheError.InvalidArgument($"align_tokens is {query.AlignTokens}: 0 to {MaxAlignTokens}.");
        if (query.LocateShards.Count > 1 && query.LocateShards.Distinct().Count() != query.LocateShards.Count)
            return CacheError.InvalidArgument($"extent_shards names a shard twice: name each once.");
        foreach (var shard in query.LocateShards)
            if (ShardAccess.CheckLoad(query.Layout, query.Session, shard) is { } fault) return fault;
        if (tokens.CheckItems() is { } items) return items;
        if (query.StoreLimit < 0) return CacheError.InvalidArgument($"store_limit_tokens is {query.StoreLimit}: 0 or more.");
        if (query.ComputedTokens < 0 || query.ComputedTokens > tokens.Count)
            return CacheError.InvalidArgument($"computed_tokens is {query.ComputedTokens}, but the request has {tokens.Count} tokens.");
        return null;
    }
}
