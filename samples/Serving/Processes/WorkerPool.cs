using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>Several worker processes that take prompts in turn.</summary>
public sealed class WorkerPool : IAsyncDisposable
{
    private readonly WorkerProcess[] _workers;

    private WorkerPool(WorkerProcess[] workers) => _workers = workers;

    /// <summary>Starts workers one after the other, so that each warms up with the machine to itself.</summary>
    public static async Task<WorkerPool> StartAsync(int count, IReadOnlyList<string> arguments, CancellationToken cancellation = default)
    {
        List<WorkerProcess> workers = [];
        try
        {
            for (int i = 0; i < count; i++) workers.Add(await WorkerProcess.StartAsync(arguments, cancellation));
            return new WorkerPool([.. workers]);
        }
        catch
        {
            foreach (WorkerProcess worker in workers) await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has one prompt worked on, number i by worker i modulo their number.</summary>
    public Task<PromptResult> WorkAsync(int number, PromptRequest request, CancellationToken cancellation = default) =>
        _workers[number % _workers.Length].WorkAsync(request, cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (WorkerProcess worker in _workers) await worker.DisposeAsync();
    }
}
