using System.Buffers;
using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Faults;

/// <summary>Clients that never finish a request, and answers that nobody gets.</summary>
public sealed class SlowRequestTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public async Task Request_OfOneMessageThatNeverEnds_IsReset(int payloadBytes)
    {
        var outcome = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestServer.PayloadMethod, async (MessageReader<Payload> reader, ServerCall _) =>
            {
                outcome.SetResult(await Record.ExceptionAsync(() => reader.ReadPayloadAsync(new byte[reader.PayloadLength]).AsTask()));
                return new Payload();
            }),
            new RpcServerOptions { RequestTimeout = TimeSpan.FromMilliseconds(400) });
        // Only a client-streaming caller can leave its one request open: it calls the unary method by its name.
        using var call = server.Channel.ClientStreaming(TestServer.PayloadMethod);
        await call.Requests.WriteAsync(new Payload(), new ReadOnlySequence<byte>(new byte[payloadBytes]));

        var fault = await Fails.WithAsync(StatusCode.Cancelled, call.ResponseAsync);

        Assert.Contains("did not arrive within 0.4 s", fault.Detail, StringComparison.Ordinal);
        Assert.Null(await outcome.Task.WaitAsync(Patience));
        Assert.True(server.Log.Has("has not sent the request"));
    }

    [Fact]
    public async Task Request_OfAStream_MayPause()
    {
        await using var server = await TestServer.StartAsync(
            server =>
            {
                server.AddDuplex(
                    TestServer.PayloadMethod, async (MessageReader<Payload> reader, MessageWriter<Payload> writer, ServerCall _) =>
                {
                    while (await reader.MoveNextAsync()) await writer.WriteAsync(reader.Current);
                });
                server.AddUnary(TestMethods.EmptyCall, async (MessageReader<Empty> _, ServerCall call) =>
                {
                    var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    using var registration = call.CancellationToken.Register(() => source.TrySetResult());
                    await source.Task;
                    return new Empty();
                });
            },
            new RpcServerOptions { RequestTimeout = TimeSpan.FromMilliseconds(80) });
        using var stream = server.Channel.Duplex(TestServer.PayloadMethod);
        await stream.Requests.WriteAsync(new Payload());
        Assert.True(await stream.Responses.MoveNextAsync());

        // A unary handler that takes its time is not its client's fault either: its own deadline ends it.
        var options = new CallOptions { Timeout = TimeSpan.FromMilliseconds(400) };
        await Fails.WithAsync(StatusCode.DeadlineExceeded, server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty(), options));

        await stream.Requests.WriteAsync(new Payload());
        Assert.True(await stream.Responses.MoveNextAsync());
    }

    [Fact]
    public async Task Undelivered_ClientGoneBeforeTheAnswer_IsCalledOnce()
    {
        var undone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, async (Empty request, ServerCall call) =>
        {
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = call.CancellationToken.Register(() => gone.TrySetResult());
            call.Undelivered = undone.SetResult;
            started.SetResult();
            await gone.Task;
            return request;
        }));
        using var cancellation = new CancellationTokenSource();
        var call = server.Channel.UnaryAsync(
            TestMethods.EmptyCall, new Empty(), new CallOptions { CancellationToken = cancellation.Token });
        await started.Task.WaitAsync(Patience);
        await cancellation.CancelAsync();
        await Fails.WithAsync(StatusCode.Cancelled, call);
        await undone.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Undelivered_AnswerLeft_IsNotCalled()
    {
        var undone = false;
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, (Empty request, ServerCall call) =>
        {
            call.Undelivered = () => undone = true;
            return ValueTask.FromResult(request);
        }));
        await server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty());
        await server.Server.DrainAsync(Patience);
        Assert.False(undone);
    }
}
