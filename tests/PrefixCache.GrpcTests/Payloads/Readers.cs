using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using PrefixCache.Grpc;
using PrefixCache.Grpc.Client;
using PrefixCache.Grpc.Framing;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Payloads;

/// <summary>Opens the readers of both sides on bytes that arrive in pieces.</summary>
internal static class Readers
{
    public const int MaxMessageBytes = 1 << 20;
    public const int MaxHeaderBytes = 1 << 10;

    /// <summary>The server's reader, over a pipe with small blocks.</summary>
    public static MessageReader<T> OnServer<T>(
        Google.Protobuf.MessageParser<T> parser, byte[] bytes, IReadOnlyList<int> pieces, int payloadField)
        where T : Google.Protobuf.IMessage<T>
    {
        var pipe = PipeReader.Create(new ChunkedStream(bytes, pieces), new StreamPipeReaderOptions(bufferSize: 32, minimumReadSize: 1));
        return new MessageReader<T>(
            new PipeMessageSource(pipe, new Faults(), TimeProvider.System), parser, payloadField, MaxMessageBytes, MaxHeaderBytes);
    }

    /// <summary>The client's reader, over an answer that no server sent.</summary>
    public static MessageReader<T> OnClient<T>(
        Google.Protobuf.MessageParser<T> parser, byte[] bytes, IReadOnlyList<int> pieces, int payloadField)
        where T : Google.Protobuf.IMessage<T>
    {
        var invoker = new HttpMessageInvoker(new CannedAnswer(bytes, pieces));
        var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost/");
        var call = new ClientCall(invoker, request, default, TimeProvider.System);
        return call.OpenReader(parser, payloadField, MaxMessageBytes, MaxHeaderBytes);
    }

    /// <summary>The server's reader of payload messages.</summary>
    public static MessageReader<Payload> OnServer(byte[] bytes, params int[] pieces) => OnServer(Payload.Parser, bytes, pieces, 2);

    private sealed class Faults : IRequestFaults
    {
        public RpcException Compressed() => new(StatusCode.Unimplemented, "compressed");

        public RpcException Translate(Exception fault) =>
            fault as RpcException ?? new RpcException(StatusCode.Cancelled, fault.Message, null, fault);
    }

    private sealed class CannedAnswer(byte[] bytes, IReadOnlyList<int> pieces) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK)
            {
                Version = HttpVersion.Version20,
                Content = new StreamContent(new ChunkedStream(bytes, pieces)),
            };
            response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            response.TrailingHeaders.TryAddWithoutValidation("grpc-status", "0");
            return Task.FromResult(response);
        }
    }
}
