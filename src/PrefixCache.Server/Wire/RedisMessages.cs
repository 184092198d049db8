using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>The Redis tier's state as a message.</summary>
internal static class RedisMessages
{
    public static RedisStatistics ToMessage(this RedisStatus redis)
    {
        var counters = redis.Counters;
        var message = new RedisStatistics
        {
            State = (RedisStatistics.Types.State)redis.State,
            Cause = redis.Cause,
            Interruptions = (ulong)redis.Interruptions,
            Lookups = (ulong)counters.Lookups,
            LookupNanoseconds = (ulong)counters.LookupNanoseconds,
            LookupsLate = (ulong)counters.LookupsLate,
            ChunksLoaded = (ulong)counters.ChunksLoaded,
            BytesLoaded = (ulong)counters.BytesLoaded,
            LoadNanoseconds = (ulong)counters.LoadNanoseconds,
            ChunksWritten = (ulong)counters.ChunksWritten,
            BytesWritten = (ulong)counters.BytesWritten,
            ChunksWrittenTwice = (ulong)counters.ChunksWrittenTwice,
            ChunksDamaged = (ulong)counters.ChunksDamaged,
            Errors = (ulong)counters.Errors,
            LoadsQueued = (uint)redis.LoadsQueued,
            WritesQueued = (uint)redis.WritesQueued,
            BytesInFlight = (ulong)counters.BytesInFlight,
        };
        foreach (var reason in Enum.GetValues<RedisDrop>().Where(reason => reason != RedisDrop.None))
        {
            message.Dropped.Add(new RedisDropCount
            {
                Reason = (RedisDropCount.Types.Reason)reason,
                Loads = (ulong)counters.DroppedLoads(reason),
                Writes = (ulong)counters.DroppedWrites(reason),
            });
        }

        return message;
    }
}
