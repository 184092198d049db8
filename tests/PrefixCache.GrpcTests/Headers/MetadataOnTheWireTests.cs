using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Headers;

/// <summary>Metadata as handlers and clients see it.</summary>
public sealed class MetadataOnTheWireTests
{
    [Fact]
    public async Task Unary_BinaryMetadataWithPaddingAndCommas_HandlerSeesEveryValue()
    {
        var seen = new List<string>();
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, (Empty request, ServerCall call) =>
        {
            seen.AddRange(call.RequestHeaders.Where(entry => entry.Key == "data-bin").Select(entry => entry.Value));
            Assert.Equal([1, 2, 3, 4], call.RequestHeaders.GetBytes("data-bin"));
            Assert.DoesNotContain(call.RequestHeaders, entry =>
                entry.Key is "te" or "content-type" or "host" || entry.Key.StartsWith("grpc-", StringComparison.Ordinal));
            return ValueTask.FromResult(request);
        }));
        var answer = await RawRequest.SendAsync(
            server.Address, TestMethods.EmptyCall.FullName, RawRequest.Frame([]),
                headers: [("data-bin", "AQ==,AQID,AQIDBA"), ("te", "trailers")]);
        Assert.Equal("0", answer.GrpcStatus);
        Assert.Equal(["AQ==", "AQID", "AQIDBA"], seen);
    }

    [Fact]
    public async Task Unary_TrailersOfFault_ReachClient()
    {
        await using var server = await TestServer.StartAsync(server => server.AddUnary(TestMethods.EmptyCall, (Empty _, ServerCall call) =>
        {
            call.ResponseTrailers.Add("from-call", "a");
            throw new RpcException(StatusCode.Aborted, "größer als 100 %", new Metadata { { "from-fault-bin", [1, 2] } });
        }));
        var fault = await Fails.WithAsync(StatusCode.Aborted, server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty()));
        Assert.Equal("größer als 100 %", fault.Detail);
        Assert.Equal("a", fault.Trailers.GetValue("from-call"));
        Assert.Equal([1, 2], fault.Trailers.GetBytes("from-fault-bin"));
    }

    [Fact]
    public async Task Unary_TooMuchMetadataInAnswer_Internal()
    {
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, (Empty request, ServerCall call) =>
        {
            call.ResponseTrailers.Add("big", new string('x', 100_000));
            return ValueTask.FromResult(request);
        }));
        await Fails.WithAsync(StatusCode.Internal, server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty()));
    }

    [Fact]
    public async Task Authorize_Refuses_HandlerDoesNotRun()
    {
        var ran = false;
        var options = new RpcServerOptions
        {
            Authorize = call => call.RequestHeaders.GetValue("authorization") == "Bearer good"
                ? null
                : new RpcException(StatusCode.Unauthenticated, "No valid token."),
        };
        await using var server = await TestServer.StartAsync(
            server => server.AddUnary(TestMethods.EmptyCall, (Empty request, ServerCall _) =>
            {
                ran = true;
                return ValueTask.FromResult(request);
            }),
            options);
        await Fails.WithAsync(StatusCode.Unauthenticated, server.Channel.UnaryAsync(TestMethods.EmptyCall, new Empty()));
        Assert.False(ran);

        using var channel = new RpcChannel(new RpcChannelOptions
        {
            Address = server.Address,
            DefaultHeaders = new Metadata { { "authorization", "Bearer good" } },
        });
        await channel.UnaryAsync(TestMethods.EmptyCall, new Empty());
        Assert.True(ran);
    }
}
