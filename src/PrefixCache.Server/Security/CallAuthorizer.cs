using PrefixCache.Grpc;

namespace PrefixCache.Server.Security;

/// <summary>Finds out who calls. Thread-safe.</summary>
/// <remarks>A refusal is logged once in ten seconds at most: a fleet with a wrong token must show, and must not fill the disk.</remarks>
internal sealed class CallAuthorizer(TokenFile? tokens, TimeProvider time, ILogger<CallAuthorizer> logger)
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private long _loggedAt;

    /// <summary>Puts the caller's <see cref="Credential"/> into the call, or says why there is none.</summary>
    public RpcException? Authorize(ServerCall call)
    {
        // Probes carry no credentials, and what they learn is up or down.
        if (tokens is null || call.Method.StartsWith("/grpc.health.v1.Health/", StringComparison.Ordinal))
        {
            call.UserState = Credential.Anonymous;
            return null;
        }

        if (!TokenFile.TryReadBearer(call.RequestHeaders.GetValue("authorization"), out var token))
            return Refuse(call, "This node wants credentials: send the metadata 'authorization: Bearer TOKEN'.");
        if (tokens.Find(token) is not { } credential)
            return Refuse(call, "The bearer token is none of this node's.");
        call.UserState = credential;
        return null;
    }

    private RpcException Refuse(ServerCall call, string reason)
    {
        var last = Volatile.Read(ref _loggedAt);
        var now = time.GetTimestamp();
        if ((last == 0 || time.GetElapsedTime(last, now) > LogInterval) && Interlocked.CompareExchange(ref _loggedAt, now, last) == last)
            Log.Unauthenticated(logger, call.Peer, reason);
        return new RpcException(StatusCode.Unauthenticated, reason);
    }
}
