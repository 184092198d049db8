using ServingStatus = PrefixCache.Grpc.Health.HealthCheckResponse.Types.ServingStatus;

namespace PrefixCache.Grpc.Health;

/// <summary>Serves <c>grpc.health.v1.Health</c>: Check and Watch.</summary>
/// <remarks>Thread-safe. The server as a whole is the service with the empty name; it starts as NOT_SERVING.</remarks>
public sealed class HealthService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal) { [""] = ServingStatus.NotServing };

    /// <summary>Ends with the next change, and is replaced then.</summary>
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Asks once.</summary>
    public static RpcMethod<HealthCheckRequest, HealthCheckResponse> Check { get; } =
        new("grpc.health.v1.Health", "Check", HealthCheckRequest.Parser, HealthCheckResponse.Parser) { MaxRequestBytes = 4 << 10 };

    /// <summary>Hears of every change.</summary>
    public static RpcMethod<HealthCheckRequest, HealthCheckResponse> Watch { get; } =
        new("grpc.health.v1.Health", "Watch", HealthCheckRequest.Parser, HealthCheckResponse.Parser) { MaxRequestBytes = 4 << 10 };

    /// <summary>Adds the methods to a server.</summary>
    public void AddTo(RpcServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        server.AddUnary(Check, (HealthCheckRequest request, ServerCall _) => ValueTask.FromResult(Answer(request.Service)));
        server.AddServerStreaming(Watch, WatchAsync);
    }

    /// <summary>Sets the status of one service, or of the whole server.</summary>
    /// <param name="service">Full service name; empty = the server as a whole.</param>
    /// <param name="status">What a check answers from now on.</param>
    public void SetStatus(string service, ServingStatus status)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _statuses[service] = status;
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }

    private HealthCheckResponse Answer(string service)
    {
        lock (_gate)
        {
            return _statuses.TryGetValue(service, out var status)
                ? new HealthCheckResponse { Status = status }
                : throw new RpcException(
                    StatusCode.NotFound, "No health status is known for this service: ask for '' or a service that is served.");
        }
    }

    /// <summary>Ends with the call, or when the server drains: then it has told that it does not serve.</summary>
    private async Task WatchAsync(HealthCheckRequest request, MessageWriter<HealthCheckResponse> writer, ServerCall call)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, call.DrainToken);
        ServingStatus? told = null;
        while (true)
        {
            Task changed;
            ServingStatus status;
            lock (_gate)
            {
                status = _statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown);
                changed = _changed.Task;
            }

            if (status != told) await writer.WriteAsync(new HealthCheckResponse { Status = status }, call.CancellationToken);
            told = status;
            if (ended.IsCancellationRequested) return;
            await changed.WaitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
