using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>A process of our own programs, with its lines of output. Disposing kills it when it still runs.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int Sigterm = 15;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Task _errorsRead;

    private ChildProcess(Process process)
    {
        _process = process;
        _errorsRead = ReadErrorsAsync();
    }

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    /// <summary>What the process wrote to its standard error; whole after <see cref="WaitForExitAsync"/>.</summary>
    public string Errors
    {
        get
        {
            lock (_errors) return _errors.ToString();
        }
    }

    /// <param name="assembly">File name of a program beside the tests.</param>
    public static ChildProcess Start(
        string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        return StartProgram("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, assembly), .. arguments], environment);
    }

    /// <summary>A program of the system.</summary>
    public static ChildProcess StartProgram(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) info.Environment[name] = value;
        return new ChildProcess(Process.Start(info)!);
    }

    /// <summary>Null at the output's end.</summary>
    /// <param name="limit">Null = a minute.</param>
    public async Task<string?> ReadLineAsync(TimeSpan? limit = null) =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(limit ?? Limit);

    public void Kill() => _process.Kill();

    public void Terminate() => Signal(Sigterm);

    public void Signal(int signal) => Assert.Equal(0, Signal(_process.Id, signal));

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        await _errorsRead.WaitAsync(Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        await _errorsRead;
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors) _errors.AppendLine(line);
        }
    }
}
