using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.Attack;

/// <summary>Something that speaks the node's protocol and answers as the test likes.</summary>
internal sealed class HostileNode : IAsyncDisposable
{
    private readonly RpcServer _server = new(new RpcServerOptions());
    private readonly WebApplication _app;

    /// <summary>Opens sessions at all; otherwise the call is taken and never answered.</summary>
    private readonly bool _opens;
    private readonly Func<LookupRequest, ServerCall, Task<LookupResponse>> _lookup;
    private readonly StorePlan _plan;

    private HostileNode(bool opens, Func<LookupRequest, ServerCall, Task<LookupResponse>> lookup, StorePlan plan)
    {
        (_opens, _lookup, _plan) = (opens, lookup, plan);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            RpcServer.ConfigureKestrel(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
    }

    public string Address { get; private set; } = "";

    /// <summary>Request id and number of tokens of each lookup.</summary>
    public ConcurrentQueue<(string RequestId, int Tokens)> Lookups { get; } = [];

    public ConcurrentQueue<ulong> Released { get; } = [];

    public static async Task<HostileNode> StartAsync(
        bool opens = true, Func<LookupRequest, ServerCall, Task<LookupResponse>>? lookup = null, StorePlan? plan = null)
    {
        var node = new HostileNode(opens, lookup ?? Miss, plan ?? new StorePlan());
        await node.ListenAsync();
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DrainAsync(TimeSpan.Zero);
        await _app.StopAsync();
        await _app.DisposeAsync();
        _server.Dispose();
    }

    private static Task<LookupResponse> Miss(LookupRequest request, ServerCall call) =>
        Task.FromResult(new LookupResponse { Reservation = 1 });

    private static Task EndOf(CancellationToken token)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.UnsafeRegister(_ => source.TrySetResult(), null);
        return source.Task;
    }

    private async Task ListenAsync()
    {
        _server.AddServerStreaming(
            PrefixCacheMethods.OpenSession, async (OpenSessionRequest _, MessageWriter<SessionEvent> writer, ServerCall call) =>
        {
            var opened = new SessionOpened { Session = ByteString.CopyFrom(new byte[16]), MaxTokens = 1000, MaxPayloadBytes = 1 << 20 };
            if (_opens) await writer.WriteAsync(new SessionEvent { Opened = opened });
            await EndOf(call.CancellationToken);
        });
        _server.AddUnary(PrefixCacheMethods.Lookup, async (MessageReader<LookupRequest> reader, ServerCall call) =>
        {
            Lookups.Enqueue((reader.Current.RequestId, reader.PayloadLength / sizeof(int)));
            return await _lookup(reader.Current, call);
        });
        _server.AddUnary(PrefixCacheMethods.Release, (ReleaseRequest request, ServerCall _) =>
        {
            Released.Enqueue(request.Reservation);
            return ValueTask.FromResult(new ReleaseResponse { Held = true, Ended = true });
        });
        _server.AddDuplex(
            PrefixCacheMethods.Store, async (MessageReader<StoreRequest> reader, MessageWriter<StoreResponse> writer, ServerCall call) =>
        {
            await reader.MoveNextAsync();
            await writer.WriteAsync(new StoreResponse { Plan = _plan });
            await EndOf(call.CancellationToken);
        });
        _app.Run(_server.HandleAsync);
        await _app.StartAsync();
        Address = _app.Urls.First(url => url.Contains("127.0.0.1", StringComparison.Ordinal));
    }
}
