namespace PrefixCache.Grpc;

/// <summary>What a caller may say about one call.</summary>
public readonly record struct CallOptions
{
    /// <summary>Ends the call with <see cref="StatusCode.Cancelled"/>.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Time the whole call may take; also told to the server. Null = no deadline.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Metadata sent with the request, after the channel's default headers.</summary>
    public Metadata? Headers { get; init; }

    /// <summary>Receives headers and trailers of the response, for unary calls.</summary>
    public ResponseMetadata? Response { get; init; }
}
