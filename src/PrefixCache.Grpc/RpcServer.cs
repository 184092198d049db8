using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace PrefixCache.Grpc;

/// <summary>Serves gRPC methods over Kestrel's HTTP/2: <c>app.Run(server.HandleAsync)</c>.</summary>
/// <remarks>Methods are added before the first call; everything else is thread-safe. No exception escapes to the HTTP server.</remarks>
public sealed class RpcServer : IDisposable
{
    /// <summary>Makes a server without methods.</summary>
    /// <param name="options">Limits, clock and authorization.</param>
    /// <param name="logger">Takes what goes wrong in calls; null = nowhere.</param>
    public RpcServer(RpcServerOptions options, ILogger<RpcServer>? logger = null) => throw new NotImplementedException();

    /// <summary>Full names of the services that have methods here.</summary>
    public IReadOnlyCollection<string> Services => throw new NotImplementedException();

    /// <summary>Limits that the server needs of Kestrel.</summary>
    public static void ConfigureKestrel(KestrelServerOptions options) => throw new NotImplementedException();

    /// <summary>Adds a method with one request and one response message.</summary>
    public void AddUnary<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<TRequest, ServerCall, ValueTask<TResponse>> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Adds a unary method that takes the request's payload itself; the reader stands on the one message.</summary>
    public void AddUnary<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, ServerCall, ValueTask<TResponse>> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Adds a method with one request and any number of responses.</summary>
    public void AddServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<TRequest, MessageWriter<TResponse>, ServerCall, Task> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Adds a server-streaming method that takes the request's payload itself; the reader stands on the one message.</summary>
    public void AddServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, MessageWriter<TResponse>, ServerCall, Task> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Adds a method with any number of requests and one response.</summary>
    public void AddClientStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, ServerCall, Task<TResponse>> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Adds a method with any number of messages both ways.</summary>
    public void AddDuplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, MessageWriter<TResponse>, ServerCall, Task> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => throw new NotImplementedException();

    /// <summary>Answers one HTTP request. Never throws.</summary>
    public Task HandleAsync(HttpContext context) => throw new NotImplementedException();

    /// <summary>Refuses new calls with UNAVAILABLE, lets running ones end, and resets what is left after the grace.</summary>
    /// <param name="grace">How long running calls may take to end.</param>
    /// <returns>Ends when no call is running.</returns>
    public Task DrainAsync(TimeSpan grace) => throw new NotImplementedException();

    /// <summary>Stops the watch over stalled peers. Call when the HTTP server has stopped.</summary>
    public void Dispose() => throw new NotImplementedException();
}
