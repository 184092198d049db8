using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace PrefixCache.Grpc;

/// <summary>One call on the server.</summary>
/// <remarks>Owned by the server; valid until the handler has returned.</remarks>
public sealed class ServerCall
{
    internal ServerCall(HttpContext context, string method)
    {
        Method = method;
        Features = context.Features;
    }

    /// <summary>Path of the method, <c>/service/name</c>.</summary>
    public string Method { get; }

    /// <summary>The other end, as <c>ipv4:127.0.0.1:4711</c> or <c>unix:</c>.</summary>
    public string Peer => throw new NotImplementedException();

    /// <summary>Address of the other end; null on a Unix socket.</summary>
    public IPAddress? RemoteAddress => throw new NotImplementedException();

    /// <summary>Whether the call came over a Unix socket.</summary>
    public bool IsUnixSocket => throw new NotImplementedException();

    /// <summary>Identifies the connection that the call came over.</summary>
    public string ConnectionId => throw new NotImplementedException();

    /// <summary>Features of the request and its connection: client certificate, socket.</summary>
    public IFeatureCollection Features { get; }

    /// <summary>Metadata sent by the client.</summary>
    public Metadata RequestHeaders => throw new NotImplementedException();

    /// <summary>When the client stops waiting; null where it did not say.</summary>
    public DateTimeOffset? Deadline => throw new NotImplementedException();

    /// <summary>Ends when the client is gone, its deadline has passed, it stopped reading, or the grace of a drain is over.</summary>
    public CancellationToken CancellationToken => throw new NotImplementedException();

    /// <summary>Ends when the server starts to drain: calls that live as long as their client should return.</summary>
    public CancellationToken DrainToken => throw new NotImplementedException();

    /// <summary>Metadata sent before the first message; what is added after the first write is lost.</summary>
    public Metadata ResponseHeaders { get; } = [];

    /// <summary>Metadata sent with the status.</summary>
    public Metadata ResponseTrailers { get; } = [];

    /// <summary>For the caller's use, as the identity that the authorization found.</summary>
    public object? UserState { get; set; }
}
