namespace PrefixCache.Grpc;

/// <summary>A call that ended with a status other than <see cref="StatusCode.OK"/>.</summary>
/// <remarks>Thrown by a handler it becomes the call's status and trailers; thrown by a client it reports them.</remarks>
public sealed class RpcException : Exception
{
    /// <summary>Makes the exception for one status.</summary>
    /// <param name="status">The status code; never <see cref="StatusCode.OK"/>.</param>
    /// <param name="detail">What was wrong, which value, what to do. Goes to the peer: keep it under 1 KiB and free of payload.</param>
    /// <param name="trailers">Metadata that travels with the status.</param>
    /// <param name="inner">The cause on this side; never sent.</param>
    public RpcException(StatusCode status, string detail, Metadata? trailers = null, Exception? inner = null)
        : base($"{status}: {detail}", inner)
    {
        Status = status;
        Detail = detail;
        Trailers = trailers ?? [];
    }

    /// <summary>The status code.</summary>
    public StatusCode Status { get; }

    /// <summary>The message sent along as <c>grpc-message</c>.</summary>
    public string Detail { get; }

    /// <summary>Metadata sent or received with the status.</summary>
    public Metadata Trailers { get; }
}
