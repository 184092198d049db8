using System.Buffers;
using System.Globalization;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PrefixCache.Grpc;

namespace PrefixCache.Benchmarks.Transport;

/// <summary>
/// The server process of the benchmark: the gRPC methods and, on the same Kestrel, the bare streams they are compared with.
/// </summary>
internal static class TransportServer
{
    /// <summary>A piece of a bare answer, flushed at once: as large as the pieces of the gRPC layer.</summary>
    private const int BarePieceBytes = 64 << 10;

    /// <summary>Serves until the standard input ends, so that the process never outlives its parent.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var server = new RpcServer(new RpcServerOptions());
        server.AddServerStreaming(TransportMethods.Down, SendAsync);
        server.AddClientStreaming(TransportMethods.Up, ReceiveAsync);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        RpcServer.ConfigureServices(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            RpcServer.ConfigureKestrel(kestrel);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var app = builder.Build();
        app.Run(context => context.Request.Path.Value switch
        {
            "/bare/down" => SendBareAsync(context),
            "/bare/up" => ReceiveBareAsync(context),
            "/allocated" => context.Response.WriteAsync(
                GC.GetTotalAllocatedBytes(true).ToString(CultureInfo.InvariantCulture), context.RequestAborted),
            _ => server.HandleAsync(context),
        });
        await app.StartAsync(cancellationToken);
        await Console.Out.WriteLineAsync($"ready {app.Urls.Single()}");
        await Console.In.ReadToEndAsync(cancellationToken);
        await app.StopAsync(cancellationToken);
        return 0;
    }

    private static async Task SendAsync(Int32Value count, MessageWriter<BytesValue> messages, ServerCall call)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        var header = new BytesValue();
        for (var i = 0; i < count.Value; i++)
            await messages.WriteAsync(header, new ReadOnlySequence<byte>(block.Memory), call.CancellationToken);
    }

    private static async Task<Int32Value> ReceiveAsync(MessageReader<BytesValue> messages, ServerCall call)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        var count = 0;
        for (; await messages.MoveNextAsync(); count++)
            await messages.ReadPayloadAsync(block.Memory[..messages.PayloadLength]);
        return new Int32Value { Value = count };
    }

    private static async Task SendBareAsync(HttpContext context)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        var count = int.Parse(context.Request.Query["count"]!, CultureInfo.InvariantCulture);
        await context.Response.StartAsync();
        var writer = context.Response.BodyWriter;
        for (var i = 0; i < count; i++)
        {
            for (var offset = 0; offset < TransportMethods.MessageBytes; offset += BarePieceBytes)
                await writer.WriteAsync(block.Memory.Slice(offset, BarePieceBytes), context.RequestAborted);
        }
    }

    private static async Task ReceiveBareAsync(HttpContext context)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        var reader = context.Request.BodyReader;
        var offset = 0;
        while (true)
        {
            var result = await reader.ReadAsync(context.RequestAborted);
            foreach (var segment in result.Buffer)
            {
                for (var rest = segment.Span; !rest.IsEmpty;)
                {
                    var count = Math.Min(rest.Length, TransportMethods.MessageBytes - offset);
                    rest[..count].CopyTo(block.GetSpan()[offset..]);
                    rest = rest[count..];
                    offset = (offset + count) % TransportMethods.MessageBytes;
                }
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return;
        }
    }
}
