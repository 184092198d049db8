using System.Buffers;
using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Faults;

/// <summary>Handlers that fail and peers that vanish, stop reading or end early.</summary>
public sealed class PeerFaultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly ReadOnlySequence<byte> Piece = new(new byte[1 << 20]);

    [Fact]
    public async Task Handler_Throws_UnknownWithoutDetails()
    {
        await using var server = await TestServer.StartAsync(server => server.AddUnary(
            TestMethods.EmptyCall, (Empty _, ServerCall _) => throw new InvalidOperationException("secret")));
        server.ExpectErrors = true;
        var fault = await Fails.WithAsync(StatusCode.Unknown, server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty()));
        Assert.Equal("Exception was thrown by handler.", fault.Detail);
        Assert.Single(server.Log.Errors);
    }

    [Fact]
    public async Task Handler_ThrowsAfterFirstResponse_ClientReadsItThenStatus()
    {
        await using var server = await TestServer.StartAsync(server => server.AddServerStreaming(
            TestServer.PayloadMethod,
            async (Payload request, MessageWriter<Payload> responses, ServerCall _) =>
            {
                await responses.WriteAsync(request);
                throw new RpcException(StatusCode.DataLoss, "after one");
            }));
        using var call = server.Channel.ServerStreaming(TestServer.PayloadMethod, new Payload());
        Assert.True(await call.Responses.MoveNextAsync());
        var fault = await Fails.WithAsync(StatusCode.DataLoss, call.Responses.MoveNextAsync().AsTask());
        Assert.Equal("after one", fault.Detail);
    }

    [Fact]
    public async Task Handler_EndsWithoutReadingUpload_WriterAndResponseSeeItsStatus()
    {
        await using var server = await TestServer.StartAsync(server => server.AddClientStreaming(
            TestServer.PayloadMethod,
            (MessageReader<Payload> _, ServerCall _) => throw new RpcException(StatusCode.ResourceExhausted, "no room")));
        using var call = server.Channel.ClientStreaming(TestServer.PayloadMethod);
        var fault = await Fails.WithAsync(StatusCode.ResourceExhausted, UploadForeverAsync(call.Requests));
        Assert.Equal("no room", fault.Detail);
        await Fails.WithAsync(StatusCode.ResourceExhausted, call.ResponseAsync);
    }

    [Fact]
    public async Task Client_VanishesInUpload_HandlerSeesCancelled()
    {
        var outcome = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(server => server.AddClientStreaming(
            TestServer.PayloadMethod,
            async (MessageReader<Payload> requests, ServerCall call) =>
            {
                await requests.MoveNextAsync();
                await requests.ReadPayloadAsync(new byte[requests.PayloadLength]);
                reading.SetResult();
                outcome.SetResult(await Record.ExceptionAsync(() => requests.MoveNextAsync().AsTask()));
                return new Payload();
            }));
        using var channel = new RpcChannel(new RpcChannelOptions { Address = server.Address });
        using var call = channel.ClientStreaming(TestServer.PayloadMethod);
        await call.Requests.WriteAsync(new Payload(), Piece);
        await reading.Task.WaitAsync(Patience);
        channel.Dispose();
        call.Dispose();
        var fault = Assert.IsType<RpcException>(await outcome.Task.WaitAsync(Patience));
        Assert.Equal(StatusCode.Cancelled, fault.Status);
        await Fails.WithAsync(StatusCode.Cancelled, call.ResponseAsync);
    }

    [Fact]
    public async Task Client_StopsReading_StreamIsResetAndSiblingsGoOn()
    {
        var outcome = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(
            server =>
            {
                server.AddServerStreaming(TestServer.PayloadMethod, async (Payload _, MessageWriter<Payload> responses, ServerCall call) =>
                {
                    using var registration = call.CancellationToken.Register(cancelled.SetResult);
                    outcome.SetResult(await Record.ExceptionAsync(() => UploadForeverAsync(responses)));
                    await cancelled.Task;
                });
                TestService.AddTo(server);
            },
            new RpcServerOptions { WriteStallTimeout = TimeSpan.FromMilliseconds(400) });
        using var call = server.Channel.ServerStreaming(TestServer.PayloadMethod, new Payload());
        await call.ResponseHeadersAsync;

        var fault = Assert.IsType<RpcException>(await outcome.Task.WaitAsync(Patience));
        Assert.Contains("did not read", fault.Detail, StringComparison.Ordinal);
        await cancelled.Task.WaitAsync(Patience);
        Assert.True(server.Log.Has("has not read the answer"));
        await server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty());
        await Fails.WithAsync(StatusCode.Cancelled, ReadAllAsync(call.Responses));
    }

    [Fact]
    public async Task Client_StopsReadingUnaryAnswer_StreamIsReset()
    {
        await using var server = await TestServer.StartAsync(
            TestService.AddTo, new RpcServerOptions { WriteStallTimeout = TimeSpan.FromMilliseconds(400) });
        // Only a streaming reader can leave an answer unread: it calls the unary method by its name.
        var method = new RpcMethod<SimpleRequest, SimpleResponse>(
            "grpc.testing.TestService", "UnaryCall", SimpleRequest.Parser, SimpleResponse.Parser);
        using var call = server.Channel.ServerStreaming(method, new SimpleRequest { ResponseSize = 3 << 20 });
        await call.ResponseHeadersAsync;
        await server.Server.DrainAsync(Patience).WaitAsync(Patience);
        Assert.True(server.Log.Has("has not read the answer"));
    }

    [Fact]
    public async Task Client_CancelsCall_HandlerTokenEnds()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, async (Empty request, ServerCall call) =>
        {
            using var registration = call.CancellationToken.Register(ended.SetResult);
            started.SetResult();
            await ended.Task;
            return request;
        }));
        using var cancellation = new CancellationTokenSource();
        var call = server.Channel.UnaryAsync(
            TestMethods.EmptyCall, new Empty(), new CallOptions { CancellationToken = cancellation.Token });
        await started.Task.WaitAsync(Patience);
        await cancellation.CancelAsync();
        await Fails.WithAsync(StatusCode.Cancelled, call);
        await ended.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Channel_NobodyListens_Unavailable()
    {
        using var tcp = new RpcChannel(new RpcChannelOptions { Address = "http://127.0.0.1:1" });
        await Fails.WithAsync(StatusCode.Unavailable, tcp.UnaryAsync(TestMethods.EmptyCall, new Empty()));
        using var unix = new RpcChannel(new RpcChannelOptions { Address = "unix:///nowhere/at/all.sock" });
        using var call = unix.ClientStreaming(TestMethods.StreamingInputCall);
        await Fails.WithAsync(StatusCode.Unavailable, call.Requests.WriteAsync(new StreamingInputCallRequest()).AsTask());
        await Fails.WithAsync(StatusCode.Unavailable, call.ResponseAsync);
    }

    [Fact]
    public void Channel_AddressOfNoKnownKind_ArgumentException() =>
        Assert.Throws<ArgumentException>(() => new RpcChannel(new RpcChannelOptions { Address = "ftp://host" }));

    private static async Task UploadForeverAsync(MessageWriter<Payload> writer)
    {
        while (true)
            await writer.WriteAsync(new Payload(), Piece);
    }

    private static async Task ReadAllAsync(MessageReader<Payload> reader)
    {
        while (await reader.MoveNextAsync())
            await reader.ReadPayloadAsync(new byte[reader.PayloadLength]);
    }
}
