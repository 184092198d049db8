using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PrefixCache.Grpc.Server;

namespace PrefixCache.Grpc;

/// <summary>Serves gRPC methods over Kestrel's HTTP/2: <c>app.Run(server.HandleAsync)</c>.</summary>
/// <remarks>Methods are added before the first call; everything else is thread-safe. No exception escapes to the HTTP server.</remarks>
public sealed class RpcServer : IDisposable
{
    private readonly Dictionary<string, Func<ServerCall, ValueTask>> _methods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _services = new(StringComparer.Ordinal);
    private readonly CallRegistry _calls = new();
    private readonly CallRunner _runner;
    private readonly DrainControl _drain;
    private readonly StallWatch _stallWatch;
    private readonly RpcServerOptions _options;

    /// <summary>Makes a server without methods.</summary>
    /// <param name="options">Limits, clock and authorization.</param>
    /// <param name="logger">Takes what goes wrong in calls; null = nowhere.</param>
    public RpcServer(RpcServerOptions options, ILogger<RpcServer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        ILogger log = logger ?? NullLogger<RpcServer>.Instance;
        _drain = new DrainControl(_calls, options.TimeProvider, log);
        _runner = new CallRunner(_methods, _services, _calls, _drain, options, log);
        _stallWatch = new StallWatch(_calls, options, log);
    }

    /// <summary>Full names of the services that have methods here.</summary>
    public IReadOnlyCollection<string> Services => _services;

    /// <summary>Limits that the server needs of Kestrel.</summary>
    public static void ConfigureKestrel(KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        KestrelLimits.Apply(options);
    }

    /// <summary>Serves HTTP/2 without TLS on an end point, to clients that begin with its preface within the request time-out.</summary>
    public void ConfigureListener(ListenOptions listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        listener.Protocols = HttpProtocols.Http2;
        listener.Use(next => connection => PrefaceGate.RunAsync(connection, next, _options.RequestTimeout, _options.TimeProvider));
    }

    /// <summary>Gives Kestrel the buffers that bulk payload needs; without it everything works, with more garbage per byte sent.</summary>
    /// <remarks>Called after Kestrel was added to the services, whose own registrations it overrides.</remarks>
    public static void ConfigureServices(IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton<IMemoryPoolFactory<byte>, TransportBlockPoolFactory>();
        services.Configure<SocketTransportOptions>(KestrelLimits.Apply);
    }

    /// <summary>Adds a method with one request and one response message.</summary>
    public void AddUnary<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<TRequest, ServerCall, ValueTask<TResponse>> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var runner = Open(method, handler);
        Add(method.Service, method.FullName, call => runner.RunUnaryAsync(call, handler));
    }

    /// <summary>Adds a unary method that takes the request's payload itself; the reader stands on the one message.</summary>
    public void AddUnary<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, ServerCall, ValueTask<TResponse>> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var runner = Open(method, handler);
        Add(method.Service, method.FullName, call => runner.RunUnaryAsync(call, handler));
    }

    /// <summary>Adds a method with one request and any number of responses.</summary>
    public void AddServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<TRequest, MessageWriter<TResponse>, ServerCall, Task> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var runner = Open(method, handler);
        Add(method.Service, method.FullName, call => runner.RunServerStreamingAsync(call, handler));
    }

    /// <summary>Adds a server-streaming method that takes the request's payload itself; the reader stands on the one message.</summary>
    public void AddServerStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, MessageWriter<TResponse>, ServerCall, Task> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var runner = Open(method, handler);
        Add(method.Service, method.FullName, call => runner.RunServerStreamingAsync(call, handler));
    }

    /// <summary>Adds a method with any number of requests and one response.</summary>
    public void AddClientStreaming<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, ServerCall, Task<TResponse>> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var runner = Open(method, handler);
        Add(method.Service, method.FullName, call => runner.RunClientStreamingAsync(call, handler));
    }

    /// <summary>Adds a method with any number of messages both ways.</summary>
    public void AddDuplex<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<MessageReader<TRequest>, MessageWriter<TResponse>, ServerCall, Task> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var runner = Open(method, handler);
        Add(method.Service, method.FullName, call => runner.RunDuplexAsync(call, handler));
    }

    /// <summary>Answers one HTTP request. Never throws.</summary>
    public Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _runner.HandleAsync(context);
    }

    /// <summary>Refuses new calls with UNAVAILABLE, lets running ones end, and resets what is left after the grace.</summary>
    /// <param name="grace">How long running calls may take to end.</param>
    /// <returns>Ends when no call is running, or shortly after the grace where a handler ignores its cancellation.</returns>
    public Task DrainAsync(TimeSpan grace) => _drain.DrainAsync(grace);

    /// <summary>Stops the watch over stalled peers. Call when the HTTP server has stopped.</summary>
    public void Dispose()
    {
        _stallWatch.Dispose();
        _drain.Dispose();
    }

    private static ServerMethod<TRequest, TResponse> Open<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, Delegate handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(handler);
        return new ServerMethod<TRequest, TResponse>(method);
    }

    private void Add(string service, string fullName, Func<ServerCall, ValueTask> run)
    {
        if (!_methods.TryAdd(fullName, run))
            throw new ArgumentException($"The method {fullName} has a handler already.");
        _services.Add(service);
    }
}
