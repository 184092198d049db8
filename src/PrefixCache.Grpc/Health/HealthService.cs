using System.Collections.Concurrent;

namespace PrefixCache.Grpc.Health;

/// <summary>Serves <c>grpc.health.v1.Health/Check</c>.</summary>
/// <remarks>Thread-safe. The server as a whole is the service with the empty name; it starts as NOT_SERVING.</remarks>
public sealed class HealthService
{
    /// <summary>The method that clients call.</summary>
    public static RpcMethod<HealthCheckRequest, HealthCheckResponse> Check { get; } =
        new("grpc.health.v1.Health", "Check", HealthCheckRequest.Parser, HealthCheckResponse.Parser) { MaxRequestBytes = 4 << 10 };

    private readonly ConcurrentDictionary<string, HealthCheckResponse.Types.ServingStatus> _statuses = new(StringComparer.Ordinal)
    {
        [""] = HealthCheckResponse.Types.ServingStatus.NotServing,
    };

    /// <summary>Adds the method to a server.</summary>
    public void AddTo(RpcServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        server.AddUnary(Check, (HealthCheckRequest request, ServerCall _) => ValueTask.FromResult(Answer(request.Service)));
    }

    /// <summary>Sets the status of one service, or of the whole server.</summary>
    /// <param name="service">Full service name; empty = the server as a whole.</param>
    /// <param name="status">What a check answers from now on.</param>
    public void SetStatus(string service, HealthCheckResponse.Types.ServingStatus status) => _statuses[service] = status;

    private HealthCheckResponse Answer(string service) =>
        _statuses.TryGetValue(service, out var status)
            ? new HealthCheckResponse { Status = status }
            : throw new RpcException(
                StatusCode.NotFound, "No health status is known for this service: ask for '' or a service that is served.");
}
