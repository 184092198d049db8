using Google.Protobuf;
using PrefixCache.Grpc.Client;

namespace PrefixCache.Grpc;

/// <summary>A running call with one request and any number of responses.</summary>
/// <typeparam name="TResponse">The response message.</typeparam>
public sealed class ServerStreamingCall<TResponse> : IDisposable
    where TResponse : IMessage<TResponse>
{
    private readonly ClientCall _call;
    private readonly SingleRequestContent _content;

    internal ServerStreamingCall(ClientCall call, SingleRequestContent content, MessageReader<TResponse> responses)
    {
        _call = call;
        _content = content;
        Responses = responses;
    }

    /// <summary>The responses; a status other than OK is thrown by <c>MoveNextAsync</c>.</summary>
    public MessageReader<TResponse> Responses { get; }

    /// <summary>Metadata that comes before the first response.</summary>
    public Task<Metadata> ResponseHeadersAsync => _call.HeadersAsync();

    /// <summary>
    /// Ends, always in success, when the memory of the request's payload is free again; soon after <see cref="Dispose"/> at the latest.
    /// </summary>
    public Task RequestSentAsync => _content.Sent;

    /// <summary>Metadata that came with the status; empty until the last response has been read.</summary>
    public Metadata Trailers => _call.Trailers;

    /// <summary>Ends the call; a stream that is still open is reset.</summary>
    public void Dispose()
    {
        _call.Dispose();
        _ = _content.CloseAsync();
    }
}
