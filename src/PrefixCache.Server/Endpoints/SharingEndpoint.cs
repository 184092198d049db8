using PrefixCache.Core;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>Locate and Settle: what workers that hold the arena ask beside lookups and stores.</summary>
internal sealed class SharingEndpoint(CacheNode node)
{
    public ValueTask<LocateResponse> LocateAsync(LocateRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        var located = node.Sharing.Locate(session, request.Reservation, CallContext.Signed(request.Shard)).OrThrow();
        return ValueTask.FromResult(new LocateResponse { Extents = located.ToMessage(), DeviceExtents = located.Gpu?.ToMessage() });
    }

    public ValueTask<SettleResponse> SettleAsync(SettleRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        if (node.Sharing.Settle(session, request.Grant) is { } error) throw error.ToRpc();
        return ValueTask.FromResult(new SettleResponse());
    }
}
