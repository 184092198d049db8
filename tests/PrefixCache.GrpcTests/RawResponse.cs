namespace PrefixCache.GrpcTests;

/// <summary>What came back for a raw request.</summary>
internal sealed record RawResponse(int HttpStatus, string? GrpcStatus, string? GrpcMessage, string? AcceptEncoding, byte[] Body);
