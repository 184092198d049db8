using Google.Protobuf;

namespace PrefixCache.Grpc.Client;

/// <summary>Reads the response of a call that has exactly one.</summary>
internal static class SingleResponse
{
    public static async Task<TResponse> ReadAsync<TRequest, TResponse>(
        ClientCall call, RpcMethod<TRequest, TResponse> method, CallOptions options)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        var reader = call.OpenReader(method.ResponseParser, 0, method.MaxResponseBytes, method.MaxHeaderBytes);
        try
        {
            if (!await reader.MoveNextAsync())
                throw new RpcException(StatusCode.Internal, $"{method.FullName} ended with OK but without its message.");
            var response = reader.Current;
            if (await reader.MoveNextAsync())
                throw new RpcException(StatusCode.Internal, $"{method.FullName} answered with more than its one message.");
            return response;
        }
        finally
        {
            if (options.Response is { } metadata)
                (metadata.Headers, metadata.Trailers) = (call.Headers, call.Trailers);
        }
    }
}
