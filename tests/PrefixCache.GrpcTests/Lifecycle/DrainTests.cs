using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Lifecycle;

/// <summary>How a server empties itself.</summary>
public sealed class DrainTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Drain_RunningCall_EndsAndNewOnesAreRefused()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, async (Empty request, ServerCall _) =>
        {
            started.TrySetResult();
            await release.Task;
            return request;
        }));
        var running = server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty());
        await started.Task.WaitAsync(Patience);

        var drain = server.Server.DrainAsync(Patience);
        await Fails.WithAsync(StatusCode.Unavailable, server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty()));
        Assert.False(drain.IsCompleted);
        release.SetResult();
        await running.WaitAsync(Patience);
        await drain.WaitAsync(Patience);
    }

    [Fact]
    public async Task Drain_LongStream_IsToldAtOnce()
    {
        await using var server = await TestServer.StartAsync(server => server.AddDuplex(
            TestServer.PayloadMethod,
            async (MessageReader<Payload> _, MessageWriter<Payload> responses, ServerCall call) =>
            {
                await responses.WriteAsync(new Payload());
                var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                using var registration = call.DrainToken.Register(told.SetResult);
                await told.Task;
            }));
        using var call = server.Channel.Duplex(TestServer.PayloadMethod);
        Assert.True(await call.Responses.MoveNextAsync());
        await server.Server.DrainAsync(Patience).WaitAsync(Patience);
        Assert.False(await call.Responses.MoveNextAsync());
    }

    [Fact]
    public async Task Drain_CallOutlivesGrace_IsResetWithUnavailable()
    {
        await using var server = await TestServer.StartAsync(server => server.AddServerStreaming(
            TestServer.PayloadMethod,
            async (Payload request, MessageWriter<Payload> responses, ServerCall call) =>
            {
                await responses.WriteAsync(request);
                await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken);
            }));
        using var call = server.Channel.ServerStreaming(TestServer.PayloadMethod, new Payload());
        Assert.True(await call.Responses.MoveNextAsync());
        await server.Server.DrainAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(Patience);
        await Fails.WithAsync(StatusCode.Unavailable, call.Responses.MoveNextAsync().AsTask());
    }
}
