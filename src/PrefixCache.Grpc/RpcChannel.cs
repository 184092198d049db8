using System.Buffers;
using Google.Protobuf;

namespace PrefixCache.Grpc;

/// <summary>Connections to one server and the calls over them.</summary>
/// <remarks>Thread-safe; connects on first use and again after a loss. Every failed call throws <see cref="RpcException"/>.</remarks>
public sealed class RpcChannel : IDisposable
{
    /// <summary>Makes a channel; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">The address is none of the three kinds.</exception>
    public RpcChannel(RpcChannelOptions options) => throw new NotImplementedException();

    /// <summary>Calls a method with one request and one response message.</summary>
    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Calls a unary method with the request's payload taken from the caller's memory, which is free again on return.</summary>
    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest header, ReadOnlySequence<byte> payload, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Starts a call with one request and any number of responses.</summary>
    public ServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Starts a server-streaming call with a payload; its memory is free again when response headers have come or the call ended.</summary>
    public ServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest header, ReadOnlySequence<byte> payload, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Starts a call with any number of requests and one response.</summary>
    public ClientStreamingCall<TRequest, TResponse> ClientStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Starts a call with any number of messages both ways.</summary>
    public DuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Closes the connections; calls in flight end.</summary>
    public void Dispose() => throw new NotImplementedException();
}
