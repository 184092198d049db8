using Google.Protobuf;

namespace PrefixCache.Grpc.Server;

/// <summary>Runs a handler of any of the four kinds on one call: opens the reader, calls it, writes a single answer.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
internal sealed class ServerMethod<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method)
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    public async ValueTask RunUnaryAsync(ServerCall call, Func<TRequest, ServerCall, ValueTask<TResponse>> handler)
    {
        var request = await ReadOnlyRequestAsync(call);
        await call.Response.WriteUnaryAsync(await handler(request, call));
    }

    public async ValueTask RunUnaryAsync(ServerCall call, Func<MessageReader<TRequest>, ServerCall, ValueTask<TResponse>> handler)
    {
        var reader = await OpenOnRequestAsync(call);
        var response = await handler(reader, call);
        // Asked only now, when the end of the request has arrived in all likelihood: the handler need not wait for it.
        await ExpectEndAsync(reader);
        await call.Response.WriteUnaryAsync(response);
    }

    public async ValueTask RunServerStreamingAsync(ServerCall call, Func<TRequest, MessageWriter<TResponse>, ServerCall, Task> handler) =>
        await handler(await ReadOnlyRequestAsync(call), OpenWriter(call), call);

    public async ValueTask RunServerStreamingAsync(
        ServerCall call, Func<MessageReader<TRequest>, MessageWriter<TResponse>, ServerCall, Task> handler) =>
        await handler(await OpenOnRequestAsync(call), OpenWriter(call), call);

    public async ValueTask RunClientStreamingAsync(ServerCall call, Func<MessageReader<TRequest>, ServerCall, Task<TResponse>> handler) =>
        await call.Response.WriteUnaryAsync(await handler(OpenReader(call, method.RequestPayloadField), call));

    public async ValueTask RunDuplexAsync(
        ServerCall call, Func<MessageReader<TRequest>, MessageWriter<TResponse>, ServerCall, Task> handler) =>
        await handler(OpenReader(call, method.RequestPayloadField), OpenWriter(call), call);

    private async ValueTask<TRequest> ReadOnlyRequestAsync(ServerCall call)
    {
        call.Request.IsSingle = true;
        var reader = OpenReader(call, 0);
        await ExpectRequestAsync(reader);
        var request = reader.Current;
        await ExpectEndAsync(reader);
        return request;
    }

    private async ValueTask<MessageReader<TRequest>> OpenOnRequestAsync(ServerCall call)
    {
        call.Request.IsSingle = true;
        var reader = OpenReader(call, method.RequestPayloadField);
        await ExpectRequestAsync(reader);
        return reader;
    }

    private static async ValueTask ExpectRequestAsync(MessageReader<TRequest> reader)
    {
        if (!await reader.MoveNextAsync())
            throw new RpcException(StatusCode.Internal, "Incomplete request: this method takes one message and none came.");
    }

    private static async ValueTask ExpectEndAsync(MessageReader<TRequest> reader)
    {
        if (await reader.MoveNextAsync())
            throw new RpcException(StatusCode.Internal, "Additional data: this method takes one message and more came.");
    }

    private MessageReader<TRequest> OpenReader(ServerCall call, int payloadField) =>
        new(call.Request, method.RequestParser, payloadField, method.MaxRequestBytes, method.MaxHeaderBytes);

    private MessageWriter<TResponse> OpenWriter(ServerCall call) => new(call.Response, method.ResponsePayloadField);
}
