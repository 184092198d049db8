using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Interop;

/// <summary>gRPC's public interoperability cases, written from their descriptions.</summary>
internal static class InteropCases
{
    private const int LargeRequest = 271828;
    private const int LargeResponse = 314159;
    private static readonly int[] RequestSizes = [27182, 8, 1828, 45904];
    private static readonly int[] ResponseSizes = [31415, 9, 2653, 58979];

    public static async Task EmptyUnaryAsync(RpcChannel channel) =>
        Assert.Equal(new Empty(), await channel.UnaryAsync(TestMethods.EmptyCall, new Empty()));

    public static async Task LargeUnaryAsync(RpcChannel channel)
    {
        var response = await channel.UnaryAsync(TestMethods.UnaryCall, LargeSimpleRequest());
        Assert.Equal(new byte[LargeResponse], response.Payload.Body.ToByteArray());
    }

    public static async Task ClientStreamingAsync(RpcChannel channel)
    {
        using var call = channel.ClientStreaming(TestMethods.StreamingInputCall);
        foreach (var size in RequestSizes)
            await call.Requests.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        await call.CompleteAsync();
        Assert.Equal(74922, (await call.ResponseAsync).AggregatedPayloadSize);
    }

    public static async Task ServerStreamingAsync(RpcChannel channel)
    {
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.AddRange(ResponseSizes.Select(size => new ResponseParameters { Size = size }));
        using var call = channel.ServerStreaming(TestMethods.StreamingOutputCall, request);
        var sizes = new List<int>();
        while (await call.Responses.MoveNextAsync())
            sizes.Add(call.Responses.Current.Payload.Body.Length);
        Assert.Equal(ResponseSizes, sizes);
    }

    public static async Task PingPongAsync(RpcChannel channel)
    {
        using var call = channel.Duplex(TestMethods.FullDuplexCall);
        for (var i = 0; i < RequestSizes.Length; i++)
        {
            await call.Requests.WriteAsync(Ping(ResponseSizes[i], RequestSizes[i]));
            Assert.True(await call.Responses.MoveNextAsync());
            Assert.Equal(ResponseSizes[i], call.Responses.Current.Payload.Body.Length);
        }

        await call.CompleteAsync();
        Assert.False(await call.Responses.MoveNextAsync());
    }

    public static async Task EmptyStreamAsync(RpcChannel channel)
    {
        using var call = channel.Duplex(TestMethods.FullDuplexCall);
        await call.CompleteAsync();
        Assert.False(await call.Responses.MoveNextAsync());
    }

    public static async Task CancelAfterBeginAsync(RpcChannel channel)
    {
        using var cancellation = new CancellationTokenSource();
        using var call = channel.ClientStreaming(
            TestMethods.StreamingInputCall, new CallOptions { CancellationToken = cancellation.Token });
        await cancellation.CancelAsync();
        await Fails.WithAsync(StatusCode.Cancelled, call.ResponseAsync);
    }

    public static async Task CancelAfterFirstResponseAsync(RpcChannel channel)
    {
        using var cancellation = new CancellationTokenSource();
        using var call = channel.Duplex(TestMethods.FullDuplexCall, new CallOptions { CancellationToken = cancellation.Token });
        await call.Requests.WriteAsync(Ping(31415, 27182));
        Assert.True(await call.Responses.MoveNextAsync());
        await cancellation.CancelAsync();
        await Fails.WithAsync(StatusCode.Cancelled, call.Responses.MoveNextAsync().AsTask());
    }

    public static async Task TimeoutOnSleepingServerAsync(RpcChannel channel)
    {
        using var call = channel.Duplex(TestMethods.FullDuplexCall, new CallOptions { Timeout = TimeSpan.FromMilliseconds(1) });
        await Fails.WithAsync(StatusCode.DeadlineExceeded, PingAndReadAsync(call));
    }

    public static async Task StatusCodeAndMessageAsync(RpcChannel channel)
    {
        var status = new EchoStatus { Code = 2, Message = "test status message" };
        var unary = await Fails.WithAsync(
            StatusCode.Unknown, channel.UnaryAsync(TestMethods.UnaryCall, new SimpleRequest { ResponseStatus = status }));
        Assert.Equal(status.Message, unary.Detail);

        using var call = channel.Duplex(TestMethods.FullDuplexCall);
        await call.Requests.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
        await call.CompleteAsync();
        var duplex = await Fails.WithAsync(StatusCode.Unknown, call.Responses.MoveNextAsync().AsTask());
        Assert.Equal(status.Message, duplex.Detail);
    }

    public static async Task SpecialStatusMessageAsync(RpcChannel channel)
    {
        var status = new EchoStatus { Code = 2, Message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n" };
        var fault = await Fails.WithAsync(
            StatusCode.Unknown, channel.UnaryAsync(TestMethods.UnaryCall, new SimpleRequest { ResponseStatus = status }));
        Assert.Equal(status.Message, fault.Detail);
    }

    public static Task UnimplementedMethodAsync(RpcChannel channel) =>
        Fails.WithAsync(StatusCode.Unimplemented, channel.UnaryAsync(TestMethods.UnimplementedCall, new Empty()));

    public static Task UnimplementedServiceAsync(RpcChannel channel) =>
        Fails.WithAsync(StatusCode.Unimplemented, channel.UnaryAsync(TestMethods.UnimplementedServiceCall, new Empty()));

    public static async Task CustomMetadataAsync(RpcChannel channel)
    {
        var headers = new Metadata
        {
            { "x-grpc-test-echo-initial", "test_initial_metadata_value" },
            { "x-grpc-test-echo-trailing-bin", [0xab, 0xab, 0xab] },
        };
        var response = new ResponseMetadata();
        await channel.UnaryAsync(TestMethods.UnaryCall, LargeSimpleRequest(), new CallOptions { Headers = headers, Response = response });
        AssertEchoed(response.Headers, response.Trailers);

        using var call = channel.Duplex(TestMethods.FullDuplexCall, new CallOptions { Headers = headers });
        await call.Requests.WriteAsync(Ping(LargeResponse, LargeRequest));
        await call.CompleteAsync();
        while (await call.Responses.MoveNextAsync())
            Assert.Equal(LargeResponse, call.Responses.Current.Payload.Body.Length);
        AssertEchoed(await call.ResponseHeadersAsync, call.Trailers);
    }

    private static async Task PingAndReadAsync(DuplexCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call)
    {
        try
        {
            await call.Requests.WriteAsync(new StreamingOutputCallRequest { Payload = Zeros(27182) });
        }
        catch (RpcException fault) when (fault.Status == StatusCode.DeadlineExceeded)
        {
            // The deadline may be over before the request is out; the response says the same.
        }

        await call.Responses.MoveNextAsync();
    }

    private static void AssertEchoed(Metadata headers, Metadata trailers)
    {
        Assert.Equal("test_initial_metadata_value", headers.GetValue("x-grpc-test-echo-initial"));
        Assert.Equal([0xab, 0xab, 0xab], trailers.GetBytes("x-grpc-test-echo-trailing-bin"));
    }

    private static SimpleRequest LargeSimpleRequest() => new() { ResponseSize = LargeResponse, Payload = Zeros(LargeRequest) };

    private static StreamingOutputCallRequest Ping(int responseSize, int requestSize) => new()
    {
        ResponseParameters = { new ResponseParameters { Size = responseSize } },
        Payload = Zeros(requestSize),
    };

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };
}
