using Google.Protobuf;

namespace PrefixCache.Grpc;

/// <summary>A running call with any number of messages both ways.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
public sealed class DuplexCall<TRequest, TResponse> : IDisposable
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    /// <summary>Takes the requests.</summary>
    public MessageWriter<TRequest> Requests => throw new NotImplementedException();

    /// <summary>The responses; a status other than OK is thrown by <c>MoveNextAsync</c>.</summary>
    public MessageReader<TResponse> Responses => throw new NotImplementedException();

    /// <summary>Metadata that comes before the first response.</summary>
    public Task<Metadata> ResponseHeadersAsync => throw new NotImplementedException();

    /// <summary>Metadata that came with the status; empty until the last response has been read.</summary>
    public Metadata Trailers => throw new NotImplementedException();

    /// <summary>Tells the server that there are no more requests.</summary>
    public ValueTask CompleteAsync() => throw new NotImplementedException();

    /// <summary>Ends the call; a stream that is still open is reset.</summary>
    public void Dispose() => throw new NotImplementedException();
}
