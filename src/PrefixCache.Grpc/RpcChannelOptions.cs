using System.Net.Security;

namespace PrefixCache.Grpc;

/// <summary>Options of an <see cref="RpcChannel"/>.</summary>
public sealed class RpcChannelOptions
{
    /// <summary>Where the server is: <c>http://host:port</c>, <c>https://host:port</c> or <c>unix:///path/to.sock</c>.</summary>
    public required string Address { get; init; }

    /// <summary>How long connecting may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Quiet time after which a connection with calls on it is pinged.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a ping may stay unanswered before its connection is given up.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Receive window of one stream in bytes, 64 KiB to 16 MiB.</summary>
    /// <remarks>
    /// The HTTP client keeps what is in the window in pooled arrays of 16 KiB, and the pool holds 32 for each core: a larger window is no
    /// faster on a short way and turns half of what arrives into garbage. Over a long one, take bandwidth times round-trip time.
    /// </remarks>
    public int StreamWindowBytes { get; init; } = 512 << 10;

    /// <summary>TLS: own authorities, client certificates, validation callback. Used with <c>https</c> only.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Metadata sent with every call, as <c>authorization</c>.</summary>
    public Metadata DefaultHeaders { get; init; } = [];

    /// <summary>The clock of deadlines.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
