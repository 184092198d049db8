namespace PrefixCache.Grpc.Client;

/// <summary>Maps what the HTTP client throws to the status that gRPC gives it.</summary>
internal static class TransportFaults
{
    public static RpcException Translate(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException protocol)
                return FromErrorCode(protocol);
        }

        return fault switch
        {
            // A connect time-out comes as a cancellation that nobody on this side asked for.
            OperationCanceledException =>
                new RpcException(StatusCode.Unavailable, "The server cannot be reached: connecting timed out.", null, fault),
            ObjectDisposedException => new RpcException(StatusCode.Cancelled, "The channel or call is disposed.", null, fault),
            HttpRequestException or IOException =>
                new RpcException(StatusCode.Unavailable, $"The server cannot be reached: {fault.GetBaseException().Message}", null, fault),
            _ => new RpcException(StatusCode.Internal, $"The call failed: {fault.GetType().Name}.", null, fault),
        };
    }

    // RFC 9113, section 7, as mapped by the gRPC protocol's «Errors» table.
    private static RpcException FromErrorCode(HttpProtocolException fault)
    {
        var status = fault.ErrorCode switch
        {
            0x7 => StatusCode.Unavailable,
            0x8 => StatusCode.Cancelled,
            0xb => StatusCode.ResourceExhausted,
            0xc => StatusCode.PermissionDenied,
            _ => StatusCode.Internal,
        };
        return new RpcException(status, $"The server reset the stream or its connection with HTTP/2 error {fault.ErrorCode}.", null, fault);
    }
}
