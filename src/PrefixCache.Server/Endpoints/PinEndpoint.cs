using PrefixCache.Core;
using PrefixCache.Core.Pins;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>Pin and Unpin: prefixes that stay whatever else has to go.</summary>
internal sealed class PinEndpoint(CacheNode node)
{
    public async ValueTask<PinResponse> PinAsync(MessageReader<PinRequest> reader, ServerCall call)
    {
        var request = reader.Current;
        var session = node.FindSession(call, request.Session);
        var layout = node.Layouts.Find(request.LayoutId.Span, session.Instance.Tenant).OrThrow();
        TimeSpan? time = request.TtlMs == 0 ? null : TimeSpan.FromMilliseconds(Math.Min(request.TtlMs, uint.MaxValue * 1000UL));
        var query = new PinQuery(session, layout, request.Salt, request.Adapter, time);
        var tokens = await reader.ReadTokensAsync(node, call.CancellationToken, CallContext.Items(request.Items));
        var answer = node.Pins.Pin(query, tokens).OrThrow();
        return new PinResponse
        {
            Pin = answer.Id,
            PinnedTokens = (uint)answer.Tokens,
            Bytes = (ulong)answer.Bytes,
            TtlMs = (ulong)answer.Time.TotalMilliseconds,
        };
    }

    public ValueTask<UnpinResponse> UnpinAsync(UnpinRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        if (node.Pins.Unpin(session, request.Pin) is { } error) throw error.ToRpc();
        return ValueTask.FromResult(new UnpinResponse());
    }
}
