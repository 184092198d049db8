using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.InteropServer;

/// <summary><c>grpc.testing.TestService</c> with the semantics of gRPC's interoperability test descriptions.</summary>
public static class TestService
{
    private const string InitialEcho = "x-grpc-test-echo-initial";
    private const string TrailingEcho = "x-grpc-test-echo-trailing-bin";

    /// <summary>Adds every implemented method; the unimplemented ones stay out.</summary>
    public static void AddTo(RpcServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        server.AddUnary(TestMethods.EmptyCall, (Empty request, ServerCall call) =>
        {
            EchoMetadata(call);
            return ValueTask.FromResult(request);
        });
        server.AddUnary(TestMethods.UnaryCall, (SimpleRequest request, ServerCall call) => ValueTask.FromResult(Answer(request, call)));
        server.AddUnary(TestMethods.CacheableUnaryCall, (SimpleRequest request, ServerCall call) =>
            ValueTask.FromResult(Answer(request, call)));
        server.AddServerStreaming(TestMethods.StreamingOutputCall, StreamAsync);
        server.AddClientStreaming(TestMethods.StreamingInputCall, AggregateAsync);
        server.AddDuplex(TestMethods.FullDuplexCall, AnswerEachAsync);
        server.AddDuplex(TestMethods.HalfDuplexCall, AnswerAllAsync);
    }

    private static SimpleResponse Answer(SimpleRequest request, ServerCall call)
    {
        EchoMetadata(call);
        ThrowIfAsked(request.ResponseStatus);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize) };
    }

    private static Task StreamAsync(
        StreamingOutputCallRequest request, MessageWriter<StreamingOutputCallResponse> responses, ServerCall call)
    {
        EchoMetadata(call);
        return RespondAsync(request, responses, call);
    }

    private static async Task<StreamingInputCallResponse> AggregateAsync(MessageReader<StreamingInputCallRequest> requests, ServerCall call)
    {
        EchoMetadata(call);
        var total = 0;
        while (await requests.MoveNextAsync())
            total += requests.Current.Payload?.Body.Length ?? 0;
        return new StreamingInputCallResponse { AggregatedPayloadSize = total };
    }

    private static async Task AnswerEachAsync(
        MessageReader<StreamingOutputCallRequest> requests, MessageWriter<StreamingOutputCallResponse> responses, ServerCall call)
    {
        EchoMetadata(call);
        while (await requests.MoveNextAsync())
            await RespondAsync(requests.Current, responses, call);
    }

    private static async Task AnswerAllAsync(
        MessageReader<StreamingOutputCallRequest> requests, MessageWriter<StreamingOutputCallResponse> responses, ServerCall call)
    {
        EchoMetadata(call);
        var all = new List<StreamingOutputCallRequest>();
        while (await requests.MoveNextAsync())
            all.Add(requests.Current);
        foreach (var request in all)
            await RespondAsync(request, responses, call);
    }

    private static async Task RespondAsync(
        StreamingOutputCallRequest request, MessageWriter<StreamingOutputCallResponse> responses, ServerCall call)
    {
        ThrowIfAsked(request.ResponseStatus);
        foreach (var parameters in request.ResponseParameters)
        {
            if (parameters.IntervalUs > 0)
                await Task.Delay(TimeSpan.FromMicroseconds(parameters.IntervalUs), call.CancellationToken);
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(parameters.Size) });
        }
    }

    private static void EchoMetadata(ServerCall call)
    {
        if (call.RequestHeaders.GetValue(InitialEcho) is { } initial)
            call.ResponseHeaders.Add(InitialEcho, initial);
        if (call.RequestHeaders.GetBytes(TrailingEcho) is { } trailing)
            call.ResponseTrailers.Add(TrailingEcho, trailing);
    }

    private static void ThrowIfAsked(EchoStatus? status)
    {
        if (status is { Code: not 0 })
            throw new RpcException((StatusCode)status.Code, status.Message);
    }

    private static Payload Zeros(int size) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };
}
