using PrefixCache.Client.Memory;
using PrefixCache.Client.Sessions;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.SharedMemory;

/// <summary>A hit that lies in memory which this process maps.</summary>
internal sealed class SharedHit(
    PrefixCacheClient client, NodeSession session, ArenaView arena, KvLayout layout, ReservationTicket ticket)
{
    /// <summary>Copies the hit, or a part of it.</summary>
    /// <param name="known">From the lookup; null = the node is asked (a rank process, or a shard that the lookup did not locate).</param>
    /// <returns>What is in place; null where streams are to serve the hit: nothing was copied then.</returns>
    public async ValueTask<RetrieveResult?> TryRetrieveAsync(
        HitExtents? known, IKvMemory destination, TransferOptions options, int end, CancellationToken cancellationToken)
    {
        var started = client.Options.TimeProvider.GetTimestamp();
        var extents = known is not null && options.Shard == 0 ? known : await LocateAsync(options.Shard, cancellationToken);
        if (extents is null || extents.ArenaId != arena.ArenaId || !arena.TryAcquire()) return null;
        HitCopier copier;
        try
        {
            copier = new HitCopier(arena, layout, extents, options, end, destination, client.Options.VerifyChecksums);
            copier.Copy(cancellationToken);
        }
        finally
        {
            arena.Release();
        }

        if (copier.Failure.Length > 0) client.Failed("Retrieve", copier.Failure);
        return new RetrieveResult(copier.EndToken, copier.EndToken - options.FirstToken, copier.Bytes,
            client.Options.TimeProvider.GetElapsedTime(started), TransferPlane.SharedMemory);
    }

    private async ValueTask<HitExtents?> LocateAsync(int shard, CancellationToken cancellationToken)
    {
        var request = new LocateRequest { Session = session.Id, Reservation = ticket.Reservation, Shard = (uint)shard };
        var response = await client.Calls.InvokeAsync("Locate", session,
            static (state, channel, call) => channel.UnaryAsync(PrefixCacheMethods.Locate, state, call), request, cancellationToken);
        return HitExtents.TryRead(response?.Extents, shard, layout, ticket.HitTokens);
    }
}
