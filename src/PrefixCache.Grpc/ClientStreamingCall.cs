using Google.Protobuf;

namespace PrefixCache.Grpc;

/// <summary>A running call with any number of requests and one response.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
public sealed class ClientStreamingCall<TRequest, TResponse> : IDisposable
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    /// <summary>Takes the requests.</summary>
    public MessageWriter<TRequest> Requests => throw new NotImplementedException();

    /// <summary>The response, or the call's status as <see cref="RpcException"/>. May end before the last request is sent.</summary>
    public Task<TResponse> ResponseAsync => throw new NotImplementedException();

    /// <summary>Metadata that comes before the response.</summary>
    public Task<Metadata> ResponseHeadersAsync => throw new NotImplementedException();

    /// <summary>Metadata that came with the status; empty until the call has ended.</summary>
    public Metadata Trailers => throw new NotImplementedException();

    /// <summary>Tells the server that there are no more requests.</summary>
    public ValueTask CompleteAsync() => throw new NotImplementedException();

    /// <summary>Ends the call; a stream that is still open is reset.</summary>
    public void Dispose() => throw new NotImplementedException();
}
