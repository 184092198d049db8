using PrefixCache.Core;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>Claim: who computes what several requests lack.</summary>
internal sealed class ClaimEndpoint(CacheNode node)
{
    public async ValueTask<ClaimResponse> HandleAsync(ClaimRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        var answer = (await node.Claims.ClaimAsync(session, request.Reservation, request.LetGo)).OrThrow();
        return new ClaimResponse
        {
            Outcome = (ClaimResponse.Types.Outcome)answer.Outcome,
            FirstToken = (uint)answer.FirstToken,
            EndToken = (uint)answer.EndToken,
            PendingTokens = (uint)answer.PendingTokens,
            TimeoutMs = (uint)Math.Min(answer.Timeout.TotalMilliseconds, uint.MaxValue),
            NodeOnly = answer.NodeOnly,
        };
    }
}
