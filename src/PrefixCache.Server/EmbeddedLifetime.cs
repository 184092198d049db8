using Microsoft.Extensions.Hosting;

namespace PrefixCache.Server;

/// <summary>Signals are the process's business, not the web host's: it would close the listeners before the node has drained.</summary>
internal sealed class EmbeddedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
