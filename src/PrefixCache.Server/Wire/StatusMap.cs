using PrefixCache.Core.Results;
using PrefixCache.Grpc;

namespace PrefixCache.Server.Wire;

/// <summary>The one place where the domain's failures become gRPC statuses.</summary>
internal static class StatusMap
{
    public static RpcException ToRpc(this CacheError error) => new(
        error.Status switch
        {
            CacheStatus.InvalidArgument => StatusCode.InvalidArgument,
            CacheStatus.NotFound => StatusCode.NotFound,
            CacheStatus.AlreadyExists => StatusCode.AlreadyExists,
            CacheStatus.FailedPrecondition => StatusCode.FailedPrecondition,
            CacheStatus.ResourceExhausted => StatusCode.ResourceExhausted,
            CacheStatus.DataLoss => StatusCode.DataLoss,
            _ => StatusCode.Internal,
        },
        error.Message);

    /// <summary>The value, or its failure as an exception that ends the call.</summary>
    public static T OrThrow<T>(this Result<T> result) => result.Succeeded(out var value, out var error) ? value : throw error.ToRpc();
}
