using System.Diagnostics;

namespace PrefixCache.Benchmarks.Processes;

/// <summary>A hidden command of this program in a process of its own. It ends when its standard input does.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string[] words) => (_process, Words) = (process, words);

    /// <summary>What stood behind `ready` in its first line.</summary>
    public string[] Words { get; }

    public static async Task<ServerProcess> StartAsync(string command)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(
            typeof(ServerProcess).Assembly.Location);
        start.ArgumentList.Add(command);
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        if (line?.StartsWith("ready ", StringComparison.Ordinal) == true) return new ServerProcess(process, line.Split(' ')[1..]);
        await process.WaitForExitAsync();
        process.Dispose();
        throw new InvalidOperationException($"The process {command} did not start: {line}");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
