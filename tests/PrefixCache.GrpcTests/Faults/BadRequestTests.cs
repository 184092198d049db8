using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.InteropServer;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Faults;

/// <summary>Requests that break a rule get the status that the protocol asks for, and the server goes on.</summary>
public sealed class BadRequestTests
{
    private static readonly string Path = TestMethods.UnaryCall.FullName;
    private static readonly byte[] Message = new SimpleRequest { ResponseSize = 3 }.ToByteArray();

    [Fact]
    public async Task Post_CompressedWithUnknownEncoding_UnimplementedAndNamesIdentity()
    {
        var answer = await SendAsync(RawRequest.Frame(Message, flag: 1), ("grpc-encoding", "gzip"));
        Assert.Equal("12", answer.GrpcStatus);
        Assert.Equal("identity", answer.AcceptEncoding);
    }

    [Fact]
    public async Task Post_CompressedFlagWithoutEncoding_Internal()
    {
        Assert.Equal("13", (await SendAsync(RawRequest.Frame(Message, flag: 1))).GrpcStatus);
        Assert.Equal("13", (await SendAsync(RawRequest.Frame(Message, flag: 1), ("grpc-encoding", "identity"))).GrpcStatus);
    }

    [Fact]
    public async Task Post_EncodingNamedButMessagePlain_Answers() =>
        Assert.Equal("0", (await SendAsync(RawRequest.Frame(Message), ("grpc-encoding", "gzip"))).GrpcStatus);

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpc+json")]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpcx")]
    public async Task Post_OtherContentType_HttpStatus415(string contentType)
    {
        await using var server = await StartAsync();
        var answer = await RawRequest.SendAsync(server.Address, Path, RawRequest.Frame(Message), contentType);
        Assert.Equal(415, answer.HttpStatus);
        Assert.Equal("13", answer.GrpcStatus);
    }

    [Theory]
    [InlineData("application/grpc+proto")]
    [InlineData("Application/GRPC")]
    [InlineData("application/grpc; charset=utf-8")]
    public async Task Post_GrpcContentType_Answers(string contentType)
    {
        await using var server = await StartAsync();
        Assert.Equal("0", (await RawRequest.SendAsync(server.Address, Path, RawRequest.Frame(Message), contentType)).GrpcStatus);
    }

    [Fact]
    public async Task Put_GrpcContentType_HttpStatus405()
    {
        await using var server = await StartAsync();
        var answer = await RawRequest.SendAsync(server.Address, Path, RawRequest.Frame(Message), method: HttpMethod.Put);
        Assert.Equal(405, answer.HttpStatus);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("x")]
    [InlineData("123456789S")]
    [InlineData("1S,2S")]
    public async Task Post_InvalidTimeout_Internal(string timeout) =>
        Assert.Equal("13", (await SendAsync(RawRequest.Frame(Message), ("grpc-timeout", timeout))).GrpcStatus);

    [Fact]
    public async Task Post_NoTimeLeft_DeadlineExceeded() =>
        Assert.Equal("4", (await SendAsync(RawRequest.Frame(Message), ("grpc-timeout", "0S"))).GrpcStatus);

    [Theory]
    [InlineData(new byte[0], "Incomplete")] // No message at all.
    [InlineData(new byte[] { 0, 0, 0 }, "Incomplete")] // Half a frame header.
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "Incomplete")] // Half a message.
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, "flag")] // A flag that does not exist.
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 0xff }, "no SimpleRequest")] // Bytes that are no message.
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "Additional")] // Two messages.
    public async Task Post_BadFrames_InternalWithReason(byte[] body, string reason)
    {
        var answer = await SendAsync(body);
        Assert.Equal("13", answer.GrpcStatus);
        Assert.Contains(reason, answer.GrpcMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_AnnouncesFourGibibytes_ResourceExhaustedWithLimitAndSize()
    {
        var answer = await SendAsync(RawRequest.Frame(Message, length: uint.MaxValue));
        Assert.Equal("8", answer.GrpcStatus);
        Assert.Contains("4294967295", answer.GrpcMessage, StringComparison.Ordinal);
        Assert.Contains("4194304", answer.GrpcMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("POST /grpc.testing.TestService/UnaryCall HTTP/1.1\r\nHost: x\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("\0\u0001\u0002garbage that is no protocol at all, and long enough to be looked at\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f")]
    public async Task Connect_NoHttp2_ConnectionEndsAndOthersGoOn(string bytes)
    {
        await using var server = await StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", server.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));
        await ReadToEndAsync(stream).WaitAsync(TimeSpan.FromSeconds(20));

        var response = await server.Channel.UnaryAsync(TestMethods.UnaryCall, new SimpleRequest { ResponseSize = 3 });
        Assert.Equal(3, response.Payload.Body.Length);
    }

    [Fact]
    public async Task Client_RequestOverLimit_ResourceExhausted()
    {
        await using var server = await StartAsync();
        var request = new SimpleRequest { Payload = new Payload { Body = ByteString.CopyFrom(new byte[5 << 20]) } };
        await Fails.WithAsync(StatusCode.ResourceExhausted, server.Channel.UnaryAsync(TestMethods.UnaryCall, request));
    }

    [Fact]
    public async Task Client_ResponseOverLimit_ResourceExhausted()
    {
        await using var server = await StartAsync();
        var fault = await Fails.WithAsync(
            StatusCode.ResourceExhausted, server.Channel.UnaryAsync(TestMethods.UnaryCall, new SimpleRequest { ResponseSize = 5 << 20 }));
        Assert.Contains("4194304", fault.Detail, StringComparison.Ordinal);
    }

    private static async Task<RawResponse> SendAsync(byte[] body, params (string Name, string Value)[] headers)
    {
        await using var server = await StartAsync();
        var answer = await RawRequest.SendAsync(server.Address, Path, body, headers: headers);
        Assert.Equal(200, answer.HttpStatus);
        return answer;
    }

    private static async Task ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null);
        }
        catch (IOException)
        {
            // A reset ends the connection as well.
        }
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(TestService.AddTo);
}
