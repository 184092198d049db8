namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>Worker processes, spread over one node or several, that all begin with the same tokens at the same time.</summary>
internal sealed class Herd : IAsyncDisposable
{
    public const int Shared = 900;

    private readonly WorkerProcess[] _processes;

    private Herd(WorkerProcess[] processes) => _processes = processes;

    /// <param name="addresses">Of the nodes; the processes take turns.</param>
    public static async Task<Herd> StartAsync(IReadOnlyList<string> addresses, int processes) => new(await Task.WhenAll(
        Enumerable.Range(0, processes).Select(process =>
            WorkerProcess.StartAsync(addresses[process % addresses.Count], Guid.NewGuid().ToString("N")))));

    /// <summary>Has every process work; where one says that a worker of it stands half-way, it is killed.</summary>
    /// <returns>What the processes that are left did, and how many were killed.</returns>
    public async Task<(HerdCounts Counts, int Killed)> WorkAsync(int workers, bool killHalfWay = false)
    {
        var replies = await Task.WhenAll(_processes.Select((process, number) => WorkAsync(process, new WorkerCommand
        {
            Do = "herd",
            Tokens = Shared,
            Seed = number,
            Workers = workers,
            StopsHalfWay = killHalfWay,
        })));
        return (replies.OfType<HerdCounts>().Aggregate(HerdCounts.None, HerdCounts.Add), replies.Count(reply => reply is null));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
    }

    /// <summary>Null where the process was killed.</summary>
    private static async Task<HerdCounts?> WorkAsync(WorkerProcess process, WorkerCommand command)
    {
        var reply = await process.TryAsync(command);
        Assert.Equal("", reply.Error);
        if (!reply.IsHalfWay) return reply.Herd!;
        process.Kill();
        return null;
    }
}
