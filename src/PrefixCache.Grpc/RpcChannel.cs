using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using PrefixCache.Grpc.Client;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.Grpc;

/// <summary>Connections to one server and the calls over them.</summary>
/// <remarks>Thread-safe; connects on first use and again after a loss. Every failed call throws <see cref="RpcException"/>.</remarks>
public sealed class RpcChannel : IDisposable
{
    private readonly RpcChannelOptions _options;
    private readonly Uri _base;
    private readonly HttpMessageInvoker _invoker;

    /// <summary>Makes a channel; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">The address is none of the three kinds.</exception>
    public RpcChannel(RpcChannelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        (_base, var socketPath) = ChannelTransport.Parse(options.Address);
        _invoker = ChannelTransport.Create(options, socketPath);
    }

    /// <summary>Calls a method with one request and one response message.</summary>
    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => UnaryAsync(method, new SingleRequestContent(request, 0, default), options);

    /// <summary>Calls a unary method with the request's payload taken from the caller's memory, which is free again on return.</summary>
    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest header, ReadOnlySequence<byte> payload, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => UnaryAsync(method, WithPayload(method, header, payload), options);

    /// <summary>Starts a call with one request and any number of responses.</summary>
    public ServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => ServerStreaming(method, new SingleRequestContent(request, 0, default), options);

    /// <summary>
    /// Starts a server-streaming call with a payload; see <see cref="ServerStreamingCall{TResponse}.RequestSentAsync"/> for its memory.
    /// </summary>
    public ServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest header, ReadOnlySequence<byte> payload, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => ServerStreaming(method, WithPayload(method, header, payload), options);

    /// <summary>Starts a call with any number of requests and one response.</summary>
    public ClientStreamingCall<TRequest, TResponse> ClientStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var content = new StreamingRequestContent();
        var call = Start(method, content, options);
        return new ClientStreamingCall<TRequest, TResponse>(call, new RequestSink(call, content), method, options);
    }

    /// <summary>Starts a call with any number of messages both ways.</summary>
    public DuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var content = new StreamingRequestContent();
        var call = Start(method, content, options);
        return new DuplexCall<TRequest, TResponse>(call, new RequestSink(call, content), method);
    }

    /// <summary>Closes the connections; calls in flight end.</summary>
    public void Dispose() => _invoker.Dispose();

    private async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, SingleRequestContent content, CallOptions options)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        try
        {
            using var call = Start(method, content, options);
            return await SingleResponse.ReadAsync(call, method, options);
        }
        finally
        {
            await content.CloseAsync();
        }
    }

    private ServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, SingleRequestContent content, CallOptions options)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var call = Start(method, content, options);
        var reader = call.OpenReader(method.ResponseParser, method.ResponsePayloadField, method.MaxResponseBytes, method.MaxHeaderBytes);
        return new ServerStreamingCall<TResponse>(call, content, reader);
    }

    private static SingleRequestContent WithPayload<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest header, ReadOnlySequence<byte> payload)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        if (method.RequestPayloadField == 0)
            throw new InvalidOperationException($"{method.FullName} has no payload field in its request: set it in RpcMethod.");
        return new SingleRequestContent(header, method.RequestPayloadField, payload);
    }

    private ClientCall Start<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, HttpContent content, CallOptions options)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        content.Headers.ContentType = new MediaTypeHeaderValue(HeaderNames.ContentType);
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_base, method.FullName))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        var headers = request.Headers;
        headers.TryAddWithoutValidation("te", "trailers");
        headers.TryAddWithoutValidation("user-agent", "prefixcache-grpc-dotnet");
        headers.TryAddWithoutValidation(HeaderNames.AcceptEncoding, HeaderNames.Identity);
        if (options.Timeout is { } timeout)
            headers.TryAddWithoutValidation(HeaderNames.Timeout, TimeoutHeader.Format(timeout));
        foreach (var entry in _options.DefaultHeaders)
            headers.TryAddWithoutValidation(entry.Key, entry.Value);
        foreach (var entry in options.Headers ?? [])
            headers.TryAddWithoutValidation(entry.Key, entry.Value);
        return new ClientCall(_invoker, request, options, _options.TimeProvider);
    }
}
