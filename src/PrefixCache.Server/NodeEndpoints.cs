using PrefixCache.Core;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Server.Endpoints;
using PrefixCache.Server.Options;

namespace PrefixCache.Server;

/// <summary>Binds the service's methods to their endpoints.</summary>
internal static class NodeEndpoints
{
    public static void AddTo(RpcServer rpc, CacheNode node, PrefixCacheNodeOptions options, string arenaSocket,
        ILoggerFactory loggers, TimeProvider time)
    {
        var work = new WorkInFlight();
        var whole = new NodeEndpoint(node, time);
        var lookup = new LookupEndpoint(node);
        var retrieve = new RetrieveEndpoint(node, work);
        rpc.AddServerStreaming(
            PrefixCacheMethods.OpenSession,
            new SessionEndpoint(node, options, arenaSocket, work, loggers.CreateLogger<SessionEndpoint>()).HandleAsync);
        rpc.AddUnary(PrefixCacheMethods.RegisterLayout, whole.RegisterLayoutAsync);
        rpc.AddUnary(PrefixCacheMethods.Lookup, lookup.LookupAsync);
        rpc.AddUnary(PrefixCacheMethods.Claim, new ClaimEndpoint(node).HandleAsync);
        rpc.AddUnary(PrefixCacheMethods.Append, lookup.AppendAsync);
        rpc.AddServerStreaming(PrefixCacheMethods.Retrieve, retrieve.RetrieveAsync);
        rpc.AddServerStreaming(PrefixCacheMethods.Fetch, retrieve.FetchAsync);
        rpc.AddDuplex(PrefixCacheMethods.Store, new StoreEndpoint(node, options, work).HandleAsync);
        var sharing = new SharingEndpoint(node);
        rpc.AddUnary(PrefixCacheMethods.Locate, sharing.LocateAsync);
        rpc.AddUnary(PrefixCacheMethods.Settle, sharing.SettleAsync);
        rpc.AddUnary(PrefixCacheMethods.Release, new ReleaseEndpoint(node).HandleAsync);
        var pins = new PinEndpoint(node);
        rpc.AddUnary(PrefixCacheMethods.Pin, pins.PinAsync);
        rpc.AddUnary(PrefixCacheMethods.Unpin, pins.UnpinAsync);
        rpc.AddUnary(PrefixCacheMethods.Prefetch, new PrefetchEndpoint(node).HandleAsync);
        rpc.AddUnary(PrefixCacheMethods.GetStatistics, whole.GetStatisticsAsync);
        rpc.AddUnary(PrefixCacheMethods.ClearNamespace, whole.ClearNamespaceAsync);
    }
}
