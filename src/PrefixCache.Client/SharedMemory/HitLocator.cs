using PrefixCache.Client.Devices;
using PrefixCache.Client.Sessions;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.SharedMemory;

/// <summary>Says where a hit lies: as the lookup answered, or as the node does when asked.</summary>
/// <param name="known">Of shard 0, from the lookup; null = the node is asked (a rank process, or a shard that the lookup did not
/// locate).</param>
internal sealed class HitLocator(
    PrefixCacheClient client, NodeSession session, KvLayout layout, ReservationTicket ticket, HitPlaces? known)
{
    public async ValueTask<HitPlaces> LocateAsync(int shard, CancellationToken cancellationToken)
    {
        if (shard == 0 && known?.Host is not null) return known;
        var request = new LocateRequest { Session = session.Id, Reservation = ticket.Reservation, Shard = (uint)shard };
        var response = await client.Calls.InvokeAsync("Locate", session,
            static (state, channel, call) => channel.UnaryAsync(PrefixCacheMethods.Locate, state, call), request, cancellationToken);
        return new HitPlaces(HitExtents.TryRead(response?.Extents, shard, layout, ticket.HitTokens),
            DeviceHitExtents.TryRead(response?.DeviceExtents, shard, layout, ticket.HitTokens));
    }
}
