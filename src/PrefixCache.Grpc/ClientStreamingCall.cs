using Google.Protobuf;
using PrefixCache.Grpc.Client;

namespace PrefixCache.Grpc;

/// <summary>A running call with any number of requests and one response.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
public sealed class ClientStreamingCall<TRequest, TResponse> : IDisposable
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    private readonly ClientCall _call;
    private readonly RequestSink _sink;

    internal ClientStreamingCall(ClientCall call, RequestSink sink, RpcMethod<TRequest, TResponse> method, CallOptions options)
    {
        _call = call;
        _sink = sink;
        Requests = new MessageWriter<TRequest>(sink, method.RequestPayloadField);
        ResponseAsync = SingleResponse.ReadAsync(call, method, options);
        call.ReportStatusOf(ResponseAsync);
    }

    /// <summary>Takes the requests.</summary>
    public MessageWriter<TRequest> Requests { get; }

    /// <summary>The response, or the call's status as <see cref="RpcException"/>. May end before the last request is sent.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>Metadata that comes before the response.</summary>
    public Task<Metadata> ResponseHeadersAsync => _call.HeadersAsync();

    /// <summary>Metadata that came with the status; empty until the call has ended.</summary>
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
        if (!ResponseAsync.IsCompletedSuccessfully)
            _ = ResponseAsync.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
    }
}
