using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Lifecycle;

/// <summary>Deadlines as both sides keep them.</summary>
public sealed class DeadlineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Unary_HandlerWaitsPastDeadline_ServerAnswersAndTokenEnds()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, async (Empty request, ServerCall call) =>
        {
            Assert.NotNull(call.Deadline);
            using var registration = call.CancellationToken.Register(ended.SetResult);
            await ended.Task;
            return request;
        }));

        // A raw request has no timer of its own: the status can only be the server's.
        var answer = await RawRequest.SendAsync(
            server.Address, TestMethods.EmptyCall.FullName, RawRequest.Frame([]), headers: [("grpc-timeout", "50m")]);
        Assert.Equal("4", answer.GrpcStatus);
        await ended.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Unary_ServerKeepsSilent_ClientEndsByItself()
    {
        await using var server = await TestServer.StartAsync(server => server.AddUnary(TestMethods.EmptyCall, WaitForEndAsync));
        await Fails.WithAsync(
            StatusCode.DeadlineExceeded,
            server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty(), new CallOptions { Timeout = TimeSpan.FromMilliseconds(50) }));
    }

    [Fact]
    public async Task Streaming_DeadlineInMidStream_StatusAfterResponses()
    {
        await using var server = await TestServer.StartAsync(server => server.AddServerStreaming(
            TestServer.PayloadMethod,
            async (Payload request, MessageWriter<Payload> responses, ServerCall call) =>
            {
                await responses.WriteAsync(request);
                await WaitForEndAsync(new Empty(), call);
            }));
        using var call = server.Channel.ServerStreaming(
            TestServer.PayloadMethod, new Payload(), new CallOptions { Timeout = TimeSpan.FromMilliseconds(500) });
        Assert.True(await call.Responses.MoveNextAsync());
        await Fails.WithAsync(StatusCode.DeadlineExceeded, call.Responses.MoveNextAsync().AsTask());
    }

    [Fact]
    public async Task Unary_EndsInTime_DeadlineIsForgotten()
    {
        await using var server = await TestServer.StartAsync(TestService.AddTo);
        await server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty(), new CallOptions { Timeout = Patience });
        await server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty(), new CallOptions { Timeout = TimeSpan.MaxValue });
    }

    private static async ValueTask<Empty> WaitForEndAsync(Empty request, ServerCall call)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken);
        return request;
    }
}
