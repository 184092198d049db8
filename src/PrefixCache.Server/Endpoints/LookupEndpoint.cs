using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>Lookup and Append: tokens go from the pipe into the reservation's buffer.</summary>
internal sealed class LookupEndpoint(CacheNode node)
{
    public async ValueTask<LookupResponse> LookupAsync(MessageReader<LookupRequest> reader, ServerCall call)
    {
        var request = reader.Current;
        var session = node.FindSession(call, request.Session);
        var layout = node.Layouts.Find(request.LayoutId.Span, session.Instance.Tenant).OrThrow();
        var query = new LookupQuery(session, request.RequestId, layout, request.Salt, request.Adapter,
            CallContext.Signed(request.ComputedTokens), CallContext.Signed(request.AlignTokens))
        {
            LocateShards = request.ExtentShards.Count switch
            {
                0 => [],
                1 => [CallContext.Signed(request.ExtentShards[0])],
                _ => [.. request.ExtentShards.Select(CallContext.Signed)],
            },
            StoreLimit = request.HasStoreLimitTokens ? CallContext.Signed(request.StoreLimitTokens) : null,
            Parent = request.Parent,
            ParentTokens = CallContext.Signed(request.ParentTokens),
            LoadMode = Mode(request.Policy),
        };
        var tokens = await reader.ReadTokensAsync(node, call.CancellationToken, CallContext.Items(request.Items));
        var wait = TimeSpan.FromMilliseconds(request.Policy?.WaitMs ?? 0);
        var answer = (await node.Waits.LookupAsync(query, tokens, wait, call.DrainToken, call.CancellationToken)).OrThrow();
        if (answer.IsNew) call.Undelivered = () => node.Lookups.Withdraw(session, answer.Reservation);
        return answer.ToMessage();
    }

    public async ValueTask<AppendResponse> AppendAsync(MessageReader<AppendRequest> reader, ServerCall call)
    {
        var request = reader.Current;
        var session = node.FindSession(call, request.Session);
        using var tokens = await reader.ReadTokensAsync(node, call.CancellationToken);
        return Append(session, request, tokens);
    }

    /// <summary>Null = as the node is set.</summary>
    private static Core.Planning.LoadMode? Mode(LookupPolicy? policy)
    {
        if (policy is null) return null;
        CallContext.CheckDefined(policy.LoadMode, "policy.load_mode");
        return policy.LoadMode switch
        {
            LoadMode.Auto => Core.Planning.LoadMode.Auto,
            LoadMode.Always => Core.Planning.LoadMode.Always,
            LoadMode.Never => Core.Planning.LoadMode.Never,
            LoadMode.Throughput => Core.Planning.LoadMode.Throughput,
            _ => null,
        };
    }

    private AppendResponse Append(Core.Sessions.Session session, AppendRequest request, TokenBuffer tokens)
    {
        var position = CallContext.Signed(request.Position);
        return node.Appends.Append(session, request.Reservation, position, tokens.Bytes).OrThrow().ToAppendMessage(position);
    }
}
