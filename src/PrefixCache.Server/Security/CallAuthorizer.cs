using PrefixCache.Grpc;

namespace PrefixCache.Server.Security;

/// <summary>Finds out who calls. Thread-safe.</summary>
internal sealed class CallAuthorizer(TokenFile? tokens)
{
    private const string Scheme = "Bearer ";

    /// <summary>Puts the caller's <see cref="Credential"/> into the call, or says why there is none.</summary>
    public RpcException? Authorize(ServerCall call)
    {
        // Probes carry no credentials, and what they learn is up or down.
        if (tokens is null || call.Method.StartsWith("/grpc.health.v1.Health/", StringComparison.Ordinal))
        {
            call.UserState = Credential.Anonymous;
            return null;
        }

        var header = call.RequestHeaders.GetValue("authorization");
        if (header is null || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return new RpcException(
                StatusCode.Unauthenticated, "This node wants credentials: send the metadata 'authorization: Bearer TOKEN'.");
        if (tokens.Find(header[Scheme.Length..].Trim()) is not { } credential)
            return new RpcException(StatusCode.Unauthenticated, "The bearer token is none of this node's.");
        call.UserState = credential;
        return null;
    }
}
