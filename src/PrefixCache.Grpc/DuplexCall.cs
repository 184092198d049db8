using Google.Protobuf;
using PrefixCache.Grpc.Client;

namespace PrefixCache.Grpc;

/// <summary>A running call with any number of messages both ways.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
public sealed class DuplexCall<TRequest, TResponse> : IDisposable
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    private readonly ClientCall _call;
    private readonly RequestSink _sink;

    internal DuplexCall(ClientCall call, RequestSink sink, RpcMethod<TRequest, TResponse> method)
    {
        _call = call;
        _sink = sink;
        Requests = new MessageWriter<TRequest>(sink, method.RequestPayloadField);
        Responses = call.OpenReader(method.ResponseParser, method.ResponsePayloadField, method.MaxResponseBytes, method.MaxHeaderBytes);
    }

    /// <summary>Takes the requests.</summary>
    public MessageWriter<TRequest> Requests { get; }

    /// <summary>The responses; a status other than OK is thrown by <c>MoveNextAsync</c>.</summary>
    public MessageReader<TResponse> Responses { get; }

    /// <summary>Metadata that comes before the first response.</summary>
    public Task<Metadata> ResponseHeadersAsync => _call.HeadersAsync();

    /// <summary>Metadata that came with the status; empty until the last response has been read.</summary>
    public Metadata Trailers => _call.Trailers;

    /// <summary>Tells the server that there are no more requests.</summary>
    public ValueTask CompleteAsync()
    {
        _sink.Complete();
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the call; a stream that is still open is reset.</summary>
    public void Dispose()
    {
        _call.Dispose();
        _sink.Abort();
    }
}
