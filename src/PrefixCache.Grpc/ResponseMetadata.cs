namespace PrefixCache.Grpc;

/// <summary>Takes the metadata of one response; given in <see cref="CallOptions"/> and filled when the call has ended.</summary>
public sealed class ResponseMetadata
{
    /// <summary>Metadata that came before the message.</summary>
    public Metadata Headers { get; internal set; } = [];

    /// <summary>Metadata that came with the status.</summary>
    public Metadata Trailers { get; internal set; } = [];
}
