using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.Grpc.Client;

/// <summary>Reads status and metadata from the headers and trailers of a response.</summary>
internal static class ResponseFields
{
    public static Metadata ReadMetadata(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
            HeaderFields.AddTo(metadata, name, values);
        return metadata;
    }

    /// <summary>The status, of whatever code; null where the fields have none.</summary>
    public static RpcException? ReadStatus(HttpHeaders headers, Metadata trailers)
    {
        if (!headers.NonValidated.TryGetValues(HeaderNames.Status, out var values))
            return null;
        var text = values.ToString();
        var status = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && code <= (int)StatusCode.Unauthenticated
            ? (StatusCode)code
            : StatusCode.Unknown;
        var detail = headers.NonValidated.TryGetValues(HeaderNames.Message, out var messages) ? StatusMessage.Decode(messages.ToString())
            : "";
        return new RpcException(status, detail, trailers);
    }

    public static void ThrowIfNotGrpc(HttpResponseMessage response)
    {
        if (response.Version < HttpVersion.Version20)
            throw new RpcException(StatusCode.Internal, $"The server answered with HTTP/{response.Version}: gRPC needs HTTP/2.");
        if (response.StatusCode != HttpStatusCode.OK)
            throw new RpcException(FromHttp((int)response.StatusCode),
                $"The server answered with HTTP status {(int)response.StatusCode} and is no gRPC server.");
        response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var contentType);
        if (!HeaderNames.IsGrpc(contentType.ToString()))
            throw new RpcException(StatusCode.Unknown, $"The server answered with content type '{contentType}' and is no gRPC server.");
    }

    private static StatusCode FromHttp(int status) => status switch
    {
        400 or 431 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
