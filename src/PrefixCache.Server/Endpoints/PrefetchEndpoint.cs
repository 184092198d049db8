using PrefixCache.Core;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>Prefetch: what Redis has of a prefix, loaded before it is asked for.</summary>
internal sealed class PrefetchEndpoint(CacheNode node)
{
    public async ValueTask<PrefetchResponse> HandleAsync(MessageReader<PrefetchRequest> reader, ServerCall call)
    {
        var request = reader.Current;
        var session = node.FindSession(call, request.Session);
        var layout = node.Layouts.Find(request.LayoutId.Span, session.Instance.Tenant).OrThrow();
        var tokens = await reader.ReadTokensAsync(node, call.CancellationToken, CallContext.Items(request.Items));
        var answer = (await node.Prefetches.PrefetchAsync(
            session, layout, request.Salt, request.Adapter, tokens, call.CancellationToken)).OrThrow();
        return new PrefetchResponse { HitTokens = (uint)answer.HitTokens, PendingTokens = (uint)answer.PendingTokens };
    }
}
