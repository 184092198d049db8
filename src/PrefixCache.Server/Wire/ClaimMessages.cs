using PrefixCache.Core.Claims;
using PrefixCache.Core.Statistics;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>What became of claims, as a message.</summary>
internal static class ClaimMessages
{
    public static ClaimStatistics ToMessage(this CacheSnapshot snapshot, CacheCounters counters) => new()
    {
        Active = (uint)snapshot.Claims,
        Waiting = (uint)snapshot.ClaimsWaiting,
        Granted = (ulong)counters.ClaimsGranted,
        Waited = (ulong)counters.ClaimsWaited,
        Completed = (ulong)counters.ClaimsEndedBy(ClaimEnd.Completed),
        LetGo = (ulong)counters.ClaimsEndedBy(ClaimEnd.LetGo),
        SessionsLost = (ulong)counters.ClaimsEndedBy(ClaimEnd.SessionLost),
        TimedOut = (ulong)counters.ClaimsEndedBy(ClaimEnd.TimedOut),
    };
}
