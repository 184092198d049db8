using System.Diagnostics;
using System.Text;

namespace PrefixCache.GpuCheck.Processes;

/// <summary>A command of this program in a process of its own. Disposing ends its standard input, and with it the process.</summary>
internal sealed class CheckProcess : IAsyncDisposable
{
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Task _errorsRead;

    private CheckProcess(Process process)
    {
        _process = process;
        _errorsRead = ReadErrorsAsync();
    }

    /// <summary>What it wrote to its standard error so far; whole when it has ended.</summary>
    public string Errors
    {
        get
        {
            lock (_errors) return _errors.ToString();
        }
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static CheckProcess Start(string command, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // As a program of the shared runtime this process is `dotnet`, and its assembly has a file.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(typeof(CheckProcess).Assembly.Location);
        }

        foreach (var argument in arguments.Prepend(command)) start.ArgumentList.Add(argument);
        return new CheckProcess(Process.Start(start)!);
    }

    /// <summary>The next line of its output; null when it has ended.</summary>
    /// <exception cref="TimeoutException">None came.</exception>
    public async Task<string?> ReadAsync(TimeSpan limit) => await _process.StandardOutput.ReadLineAsync().WaitAsync(limit);

    /// <summary>Sends a line and reads the one that answers it.</summary>
    /// <exception cref="CheckException">The process has ended, or does not answer.</exception>
    public async Task<string> AskAsync(string line, TimeSpan limit)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
            if (await ReadAsync(limit) is { } answer) return answer;
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            throw new CheckException($"The process that was to '{line}' did not answer: {exception.Message} {LastError()}");
        }

        await WaitForExitAsync();
        throw new CheckException($"The process that was to '{line}' ended with {_process.ExitCode}: {LastError()}");
    }

    /// <summary>SIGKILL: it does nothing any more, neither tidies up.</summary>
    public void Kill() => _process.Kill();

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(EndTime);
        await _errorsRead.WaitAsync(EndTime);
        return _process.ExitCode;
    }

    /// <summary>The last thing that it complained of.</summary>
    public string LastError()
    {
        var lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        // The first line of an exception says what happened, those behind it where.
        return lines.LastOrDefault(line => !line.StartsWith("at ", StringComparison.Ordinal)) ?? "it said nothing.";
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            await WaitForExitAsync();
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            if (!_process.HasExited) _process.Kill();
        }

        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors) _errors.AppendLine(line);
        }
    }
}
