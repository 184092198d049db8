using Microsoft.Extensions.Logging;

namespace PrefixCache.Grpc.Server;

/// <summary>Empties the server: no new calls, a signal to long ones, and an end for what is left after the grace.</summary>
internal sealed class DrainControl(CallRegistry calls, TimeProvider clock, ILogger logger) : IDisposable
{
    /// <summary>How long handlers may take to notice that their calls were reset.</summary>
    private static readonly TimeSpan ResetTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _draining = new();

    /// <summary>Cancelled when the drain starts.</summary>
    public CancellationToken Token => _draining.Token;

    public async Task DrainAsync(TimeSpan grace)
    {
        calls.Close();
        RpcLog.Draining(logger, calls.Count, grace.TotalSeconds);
        await _draining.CancelAsync();
        if (await EndsWithinAsync(grace))
            return;

        RpcLog.DrainGraceOver(logger, calls.Count);
        foreach (var call in calls.Snapshot())
            _ = call.Response.AbortAsync(new RpcException(StatusCode.Unavailable, "The server is shutting down."));
        if (!await EndsWithinAsync(ResetTimeout))
            RpcLog.HandlersStuck(logger, calls.Count);
    }

    public void Dispose() => _draining.Dispose();

    private async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        try
        {
            await calls.Idle.WaitAsync(time, clock);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
