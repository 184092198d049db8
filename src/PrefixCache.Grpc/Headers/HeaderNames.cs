namespace PrefixCache.Grpc.Headers;

/// <summary>Names and values that gRPC gives to HTTP header fields.</summary>
internal static class HeaderNames
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Identity = "identity";

    /// <summary>
    /// Whether a content type is gRPC with protobuf messages: <c>application/grpc</c>, alone or with <c>+proto</c> or parameters.
    /// </summary>
    public static bool IsGrpc(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
            return false;
        var rest = contentType.AsSpan(ContentType.Length);
        const string Proto = "+proto";
        if (rest.StartsWith(Proto, StringComparison.OrdinalIgnoreCase))
            rest = rest[Proto.Length..];
        return rest.IsEmpty || rest[0] == ';';
    }
}
