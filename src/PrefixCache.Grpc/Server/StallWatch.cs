using Microsoft.Extensions.Logging;

namespace PrefixCache.Grpc.Server;

/// <summary>
/// Looks over all calls a few times per time-out and resets those whose peer does not read, or does not send its one request.
/// </summary>
/// <remarks>
/// Kestrel never ends such a stream by itself on HTTP/2. One timer for the server, so that a write costs a time stamp and no timer
/// of its own; a stall is found at most an eighth of the time-out late.
/// </remarks>
internal sealed class StallWatch : IDisposable
{
    private readonly CallRegistry _calls;
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _requestTimeout;
    private readonly ILogger _logger;
    private readonly ITimer _timer;

    public StallWatch(CallRegistry calls, RpcServerOptions options, ILogger logger)
    {
        _calls = calls;
        _timeout = options.WriteStallTimeout;
        _requestTimeout = options.RequestTimeout;
        _logger = logger;
        var period = (_timeout < _requestTimeout ? _timeout : _requestTimeout) / 8;
        _timer = options.TimeProvider.CreateTimer(static state => ((StallWatch)state!).Look(), this, period, period);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        foreach (var call in _calls.Snapshot())
        {
            if (call.Request.IsOverdue(_requestTimeout))
                EndOverdue(call);
            if (!call.Response.IsStalled(_timeout))
                continue;
            RpcLog.PeerStalled(_logger, call.Method, _timeout.TotalSeconds);
            _ = call.Response.AbortAsync(new RpcException(
                StatusCode.Cancelled, $"The client did not read the answer for {_timeout.TotalSeconds} s; its stream was reset."));
        }
    }

    private void EndOverdue(ServerCall call)
    {
        RpcLog.RequestOverdue(_logger, call.Method, _requestTimeout.TotalSeconds);
        _ = call.Response.AbortAsync(new RpcException(
            StatusCode.Cancelled, $"The request did not arrive within {_requestTimeout.TotalSeconds} s; its stream was reset."));
    }
}
