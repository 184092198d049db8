using System.Buffers;
using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Payloads;

/// <summary>What a message with a payload must look like, and what happens to a payload that nobody reads.</summary>
public sealed class PayloadRulesTests
{
    private static readonly byte[] TypeField = [0x08, 0x01];
    private static readonly byte[] BodyField = [0x12, 0x02, 0xaa, 0xbb];

    [Fact]
    public async Task MoveNext_FieldAfterPayload_InvalidArgument()
    {
        var reader = Readers.OnServer(RawRequest.Frame([.. BodyField, .. TypeField]), 4);
        var fault = await Fails.WithAsync(StatusCode.InvalidArgument, reader.MoveNextAsync().AsTask());
        Assert.Contains("must be the last field", fault.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public Task MoveNext_PayloadTwice_InvalidArgument() => Fails.WithAsync(
        StatusCode.InvalidArgument, Readers.OnServer(RawRequest.Frame([.. BodyField, .. BodyField]), 4).MoveNextAsync().AsTask());

    [Fact]
    public async Task MoveNext_NoPayloadField_LengthIsZero()
    {
        var reader = Readers.OnServer(RawRequest.Frame(TypeField), 1);
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(0, reader.PayloadLength);
        Assert.Equal(1, (int)reader.Current.Type);
    }

    [Theory]
    [InlineData(new byte[] { 0x12, 0x7f, 1 })] // The payload is longer than its message.
    [InlineData(new byte[] { 0x0b, 0x0c })] // A group.
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 })] // A tag that does not end.
    [InlineData(new byte[] { 0x00, 0x01 })] // Field number zero.
    [InlineData(new byte[] { 0x12 })] // A tag without its length.
    public async Task MoveNext_MalformedFields_Internal(byte[] message)
    {
        var fault = await Fails.WithAsync(StatusCode.Internal, Readers.OnServer(RawRequest.Frame(message), 2).MoveNextAsync().AsTask());
        Assert.Contains("Payload", fault.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoveNext_FieldsBeforePayloadOverLimit_ResourceExhausted()
    {
        byte[] unknown = [0x1a, .. Varint(Readers.MaxHeaderBytes), .. new byte[Readers.MaxHeaderBytes]];
        var reader = Readers.OnServer(RawRequest.Frame([.. unknown, .. BodyField]), 100);
        await Fails.WithAsync(StatusCode.ResourceExhausted, reader.MoveNextAsync().AsTask());
    }

    [Fact]
    public async Task MoveNext_AfterFault_FailsAgain()
    {
        var reader = Readers.OnServer([.. RawRequest.Frame([0x00]), .. RawRequest.Frame(BodyField)]);
        await Fails.WithAsync(StatusCode.Internal, reader.MoveNextAsync().AsTask());
        await Fails.WithAsync(StatusCode.Internal, reader.MoveNextAsync().AsTask());
    }

    [Fact]
    public async Task MoveNext_PayloadLeftUnread_IsSkipped()
    {
        var first = new Payload { Body = ByteString.CopyFrom(new byte[5000]) }.ToByteArray();
        var reader = Readers.OnServer([.. RawRequest.Frame(first), .. RawRequest.Frame(BodyField)], 77);
        Assert.True(await reader.MoveNextAsync());
        await reader.ReadPayloadAsync(new byte[10]);
        Assert.Equal(4990, reader.PayloadRemaining);
        Assert.True(await reader.MoveNextAsync());
        var body = new byte[2];
        await reader.ReadPayloadAsync(body);
        Assert.Equal([0xaa, 0xbb], body);
    }

    [Fact]
    public async Task ReadPayload_MoreThanRemains_ArgumentException()
    {
        var reader = Readers.OnServer(RawRequest.Frame(BodyField));
        await reader.MoveNextAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => reader.ReadPayloadAsync(new byte[3]).AsTask());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16 << 10)]
    [InlineData(5_000_001)]
    public async Task Duplex_PayloadBothWays_ComesBackEqual(int length)
    {
        await using var server = await TestServer.StartAsync(static server => server.AddDuplex(TestServer.PayloadMethod, EchoAsync));
        var payload = new byte[length];
        new Random(length).NextBytes(payload);
        using var call = server.Channel.Duplex(TestServer.PayloadMethod);
        for (var round = 0; round < 3; round++)
        {
            await call.Requests.WriteAsync(new Payload { Type = (PayloadType)round }, Split(payload));
            Assert.True(await call.Responses.MoveNextAsync());
            Assert.Equal(round, (int)call.Responses.Current.Type);
            var answer = new byte[call.Responses.PayloadLength];
            await call.Responses.ReadPayloadAsync(answer);
            Assert.True(payload.AsSpan().SequenceEqual(answer));
        }

        await call.CompleteAsync();
        Assert.False(await call.Responses.MoveNextAsync());
    }

    [Fact]
    public async Task Unary_PayloadLeftUnreadByHandler_Answers()
    {
        await using var server = await TestServer.StartAsync(static server => server.AddUnary(
            TestServer.PayloadMethod,
            (MessageReader<Payload> request, ServerCall _) =>
                ValueTask.FromResult(new Payload { Type = (PayloadType)request.PayloadLength })));
        var answer = await server.Channel.UnaryAsync(
            TestServer.PayloadMethod, new Payload(), new ReadOnlySequence<byte>(new byte[3_000_000]));
        Assert.Equal(3_000_000, (int)answer.Type);
    }

    private static async Task EchoAsync(MessageReader<Payload> requests, MessageWriter<Payload> responses, ServerCall call)
    {
        while (await requests.MoveNextAsync())
        {
            var payload = new byte[requests.PayloadLength];
            await requests.ReadPayloadAsync(payload);
            await responses.WriteAsync(requests.Current, Split(payload));
        }
    }

    private static ReadOnlySequence<byte> Split(byte[] bytes)
    {
        var middle = bytes.Length / 3;
        var last = new Segment(bytes.AsMemory(middle), middle);
        return new ReadOnlySequence<byte>(new Segment(bytes.AsMemory(0, middle), 0, last), 0, last, bytes.Length - middle);
    }

    private static byte[] Varint(int value) => [(byte)(value | 0x80), (byte)(value >> 7)];

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index, Segment? next = null) =>
            (Memory, RunningIndex, Next) = (memory, index, next);
    }
}
