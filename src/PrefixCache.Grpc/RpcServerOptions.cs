namespace PrefixCache.Grpc;

/// <summary>Options of an <see cref="RpcServer"/>.</summary>
public sealed class RpcServerOptions
{
    /// <summary>How long one write may wait for a peer that does not read before its stream is reset.</summary>
    public TimeSpan WriteStallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a client may make the server wait, in all, for the request of a method that takes one message.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most bytes of keys and values that a handler may send as metadata, in headers and in trailers each.</summary>
    /// <remarks>Clients commonly refuse more than 8 KiB; an over-long status would be lost as a whole.</remarks>
    public int MaxMetadataBytes { get; init; } = 8 << 10;

    /// <summary>Asked before every handler; null admits the call, an exception ends it with its status.</summary>
    /// <remarks>
    /// Runs synchronously on the thread of the request and exempts nothing: it looks at <see cref="ServerCall.Method"/> itself.
    /// </remarks>
    public Func<ServerCall, RpcException?>? Authorize { get; init; }

    /// <summary>The clock of deadlines and stalls.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
