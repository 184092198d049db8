using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.Grpc.Server;

/// <summary>Refuses HTTP requests that are no gRPC calls, in HTTP's own words.</summary>
internal static class RequestGate
{
    /// <summary>Whether the request is a gRPC call; where not, its answer is set.</summary>
    public static bool Admits(HttpContext context, ILogger logger)
    {
        var request = context.Request;
        if (!HttpProtocol.IsHttp2(request.Protocol))
        {
            context.Response.Headers.Upgrade = "HTTP/2";
            return Refuse(context, logger, StatusCodes.Status426UpgradeRequired, "gRPC needs HTTP/2.");
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            context.Response.Headers.Allow = "POST";
            return Refuse(context, logger, StatusCodes.Status405MethodNotAllowed, "gRPC calls are POST requests.");
        }

        return HeaderNames.IsGrpc(request.ContentType)
            || Refuse(context, logger, StatusCodes.Status415UnsupportedMediaType,
                "The content type must be application/grpc or application/grpc+proto.");
    }

    private static bool Refuse(HttpContext context, ILogger logger, int httpStatus, string detail)
    {
        RpcLog.RequestRefused(logger, httpStatus);
        context.Response.StatusCode = httpStatus;
        StatusFields.Write(context.Response, false, StatusCode.Internal, detail, []);
        return false;
    }
}
