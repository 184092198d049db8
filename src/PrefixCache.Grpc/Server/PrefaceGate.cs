using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace PrefixCache.Grpc.Server;

/// <summary>Cuts connections that do not begin with the client's preface in time.</summary>
/// <remarks>
/// Kestrel waits for the 24 bytes (RFC 9113 section 3.4) as long as for an idle connection's next request, minutes: whoever connects and
/// sends
/// a few bytes would hold a socket and its buffers for that long. What the bytes are is Kestrel's to judge.
/// </remarks>
internal static class PrefaceGate
{
    private const int PrefaceLength = 24;

    public static async Task RunAsync(ConnectionContext connection, ConnectionDelegate next, TimeSpan timeout, TimeProvider clock)
    {
        using (var patience = new CancellationTokenSource(timeout, clock))
        {
            try
            {
                await WaitAsync(connection.Transport.Input, patience.Token);
            }
            catch (OperationCanceledException)
            {
                connection.Abort(new ConnectionAbortedException("The connection did not begin with HTTP/2's preface in time."));
                return;
            }
            catch (IOException)
            {
                return;
            }
        }

        await next(connection);
    }

    private static async ValueTask WaitAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken);
            if (result.Buffer.Length >= PrefaceLength || result.IsCompleted)
            {
                // Nothing is examined, so that the next reader gets these bytes at once.
                input.AdvanceTo(result.Buffer.Start);
                return;
            }

            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
