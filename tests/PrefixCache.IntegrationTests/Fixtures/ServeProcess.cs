namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>`prefixcache serve` as a process of its own.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    private const string Assembly = "prefixcache.dll";
    private const string Ready = "ready ";

    private readonly ChildProcess _process;

    private ServeProcess(ChildProcess process, string[] addresses) => (_process, Addresses) = (process, addresses);

    public string[] Addresses { get; }

    public int Id => _process.Id;

    public string Address => Addresses[0];

    /// <summary>Starts a small node and waits until it serves.</summary>
    public static async Task<ServeProcess> StartAsync(params string[] arguments)
    {
        string[] small = ["serve", "--capacity", "64MiB", "--lock-pages", "false"];
        string[] listen = arguments.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        var process = ChildProcess.Start(Assembly, [.. small, .. listen, .. arguments]);
        for (string? line; (line = await process.ReadLineAsync()) is not null;)
            if (line.StartsWith(Ready, StringComparison.Ordinal)) return new ServeProcess(process, line[Ready.Length..].Split(' '));
        var code = await process.WaitForExitAsync();
        await process.DisposeAsync();
        throw new InvalidOperationException($"The node ended with {code}: {process.Errors}");
    }

    /// <summary>Runs a node that must not start.</summary>
    public static async Task<(int Code, string Errors)> FailAsync(
        string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var process = ChildProcess.Start(Assembly, ["serve", .. arguments], environment);
        while (await process.ReadLineAsync() is { } line)
            Assert.False(line.StartsWith(Ready, StringComparison.Ordinal), $"It started: {line}");
        return (await process.WaitForExitAsync(), process.Errors);
    }

    public void Kill() => _process.Kill();

    public void Terminate() => _process.Terminate();

    public async Task<int> WaitForExitAsync()
    {
        while (await _process.ReadLineAsync() is not null)
        {
            // Its log, which would fill the pipe.
        }

        return await _process.WaitForExitAsync();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
