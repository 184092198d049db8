using Google.Protobuf;
using PrefixCache.Core;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>RegisterLayout, GetStatistics and ClearNamespace: calls about the node as a whole.</summary>
internal sealed class NodeEndpoint(CacheNode node, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public ValueTask<RegisterLayoutResponse> RegisterLayoutAsync(RegisterLayoutRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        if (request.Layout is null) throw new RpcException(StatusCode.InvalidArgument, "There is no layout in the request.");
        var layout = node.Layouts.Register(request.Layout.ToDomain(), session.Instance.Tenant).OrThrow();
        var response = new RegisterLayoutResponse { LayoutId = ByteString.CopyFrom(layout.Id.ToArray()) };
        foreach (var shape in layout.Shapes) response.Shards.Add(shape.ToMessage(layout.ChunkTokens));
        return ValueTask.FromResult(response);
    }

    public ValueTask<ClearNamespaceResponse> ClearNamespaceAsync(ClearNamespaceRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        var chunks = request.All
            ? node.ClearTenant(session)
            : node.ClearNamespace(session, node.Layouts.Find(request.LayoutId.Span, session.Instance.Tenant).OrThrow(), request.Salt,
                request.Adapter).OrThrow();
        return ValueTask.FromResult(new ClearNamespaceResponse { Chunks = (ulong)chunks });
    }

    public ValueTask<GetStatisticsResponse> GetStatisticsAsync(GetStatisticsRequest request, ServerCall call)
    {
        var (snapshot, counters) = (node.Snapshot(), node.Counters);
        var response = new GetStatisticsResponse
        {
            Incarnation = ByteString.CopyFrom(node.Incarnation.ToByteArray()),
            UptimeSeconds = (ulong)time.GetElapsedTime(_started).TotalSeconds,
            Sessions = (uint)snapshot.Sessions,
            Reservations = (uint)snapshot.Reservations,
            WritingBlocks = (uint)snapshot.WritingBlocks,
            Leases = (ulong)snapshot.Leases,
            Lookups = (ulong)counters.Lookups,
            TokensAsked = (ulong)counters.TokensAsked,
            TokensHit = (ulong)counters.TokensHit,
            ChunksCommitted = (ulong)counters.ChunksCommitted,
            ChunksDuplicate = (ulong)counters.ChunksDuplicate,
            ChunksEvicted = (ulong)counters.ChunksEvicted,
            StoresRefused = (ulong)counters.StoresRefused,
            StoresAborted = (ulong)counters.StoresAborted,
            BytesStored = (ulong)counters.BytesStored,
            BytesRetrieved = (ulong)counters.BytesRetrieved,
            BytesShared = (ulong)counters.BytesShared,
            BytesDevice = (ulong)counters.BytesDevice,
            TokensLoaded = (ulong)counters.TokensLoaded,
            LoadNanoseconds = (ulong)counters.LoadNanoseconds,
            TokensComputed = (ulong)counters.TokensComputed,
            ComputeNanoseconds = (ulong)counters.ComputeNanoseconds,
            BranchPointsMade = (ulong)counters.BranchPointsMade,
            BranchPointsHit = (ulong)counters.BranchPointsHit,
            BranchPointsReplaced = (ulong)counters.BranchPointsReplaced,
            BranchPointsDropped = (ulong)counters.BranchPointsDropped,
            TailsReplaced = (ulong)counters.TailsReplaced,
            TokensHashed = (ulong)counters.TokensHashed,
            Claims = snapshot.ToMessage(counters),
            Redis = node.Redis?.ToMessage(),
        };
        foreach (var reason in Enum.GetValues<MissReason>().Where(reason => reason != MissReason.MissNone))
            response.Misses.Add(new MissCount { Reason = reason, Tokens = (ulong)counters.MissedFor((Core.Index.MissReason)reason) });
        foreach (var reason in Enum.GetValues<StoreDecision.Types.Reason>().Where(reason => reason != StoreDecision.Types.Reason.None))
        {
            var chunks = counters.RefusedFor((Core.Transfers.RefusalReason)reason);
            response.Refusals.Add(new RefusalCount { Reason = reason, Chunks = (ulong)chunks });
        }

        response.Tiers.Add(new TierStatistics
        {
            Tier = Tier.Host,
            Chunks = (ulong)snapshot.Chunks,
            Blocks = (ulong)snapshot.Blocks,
            CapacityBytes = (ulong)snapshot.CapacityBytes,
            UsedBytes = (ulong)snapshot.UsedBytes,
            AllocatedBytes = (ulong)snapshot.AllocatedBytes,
            WastedBytes = (ulong)snapshot.WastedBytes,
            QuarantinedBlocks = (ulong)snapshot.QuarantinedBlocks,
            QuarantinedBytes = (ulong)snapshot.QuarantinedBytes,
            Ghosts = (ulong)snapshot.Ghosts,
            PinnedChunks = (ulong)snapshot.PinnedChunks,
            PinnedBytes = (ulong)snapshot.PinnedBytes,
        });
        if (node.Gpu is { } gpu) response.AddGpu(gpu);
        return ValueTask.FromResult(response);
    }
}
