using System.Diagnostics;

namespace PrefixCache.Benchmarks.Processes;

/// <summary>A hidden command of this program in a process of its own. It ends when its standard input does.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string[] words) => (_process, Words) = (process, words);

    /// <summary>What stood behind `ready` in its first line.</summary>
    public string[] Words { get; }

    public static async Task<ServerProcess> StartAsync(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(
            typeof(ServerProcess).Assembly.Location);
        foreach (var argument in (string[])[command, .. arguments]) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        if (line?.StartsWith("ready ", StringComparison.Ordinal) == true) return new ServerProcess(process, line.Split(' ')[1..]);
        await process.WaitForExitAsync();
        process.Dispose();
        throw new InvalidOperationException($"The process {command} did not start: {line}");
    }

    public int Id => _process.Id;

    /// <summary>Sends a line to the process's standard input.</summary>
    public async Task SendAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next line of its standard output.</summary>
    public async Task<string> ReadAsync() => await _process.StandardOutput.ReadLineAsync()
        ?? throw new InvalidOperationException("The process has ended; its standard error says why.");

    /// <summary>Sends a line and reads the one that answers it.</summary>
    public async Task<string> AskAsync(string line)
    {
        await SendAsync(line);
        return await ReadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
