using System.Runtime.CompilerServices;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>A process that knows docs/shared-memory.md and nothing of this project's code: python/arena_worker.py.</summary>
internal sealed class ForeignWorker : IAsyncDisposable
{
    // Debian's own interpreter: another may come first on the PATH and lack recv_fds.
    private const string Python = "/usr/bin/python3";

    private readonly ChildProcess _process;

    private ForeignWorker(ChildProcess process) => _process = process;

    public int Id => _process.Id;

    public static ForeignWorker Start(string socket)
    {
        Assert.True(System.IO.File.Exists(Python), $"{Python} is missing: install the Debian package python3.");
        return new ForeignWorker(ChildProcess.StartProgram(Python, ["-I", Path.Combine(Folder(), "../python/arena_worker.py"), socket]));
    }

    /// <summary>Does one thing and tells what came of it.</summary>
    public async Task<string> DoAsync(string command)
    {
        await _process.Input.WriteLineAsync(command);
        await _process.Input.FlushAsync();
        var answer = await _process.ReadLineAsync();
        Assert.True(answer is not null, $"The worker is gone: {_process.Errors}");
        return answer.StartsWith("ok ", StringComparison.Ordinal) ? answer[3..] : answer;
    }

    public Task<string> TakeAsync(ReadOnlySpan<byte> session) => DoAsync("take " + Convert.ToHexString(session));

    public void Kill() => _process.Kill();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
