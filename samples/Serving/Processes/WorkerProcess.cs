using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>
/// A worker process seen from outside: requests go to its standard input as JSON lines, replies come from its standard output.
/// </summary>
/// <remarks>One request at a time. Disposing closes the worker's input, which ends it; one that does not end is killed.</remarks>
public sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(10);
    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    /// <summary>Starts this program again as a worker and waits until it is warm.</summary>
    /// <param name="arguments">Arguments that make this program a worker.</param>
    /// <exception cref="InvalidOperationException">The worker ended or answered with an error.</exception>
    public static async Task<WorkerProcess> StartAsync(IEnumerable<string> arguments, CancellationToken cancellation = default)
    {
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is unknown.");
        ProcessStartInfo info = new(self) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        // Under `dotnet program.dll` the process is the runtime, which needs the program as its first argument.
        if (Path.GetFileNameWithoutExtension(self) == "dotnet") info.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        WorkerProcess worker = new(Process.Start(info) ?? throw new InvalidOperationException($"{self} did not start."));
        try
        {
            WorkerReply reply = await worker.ReadAsync(cancellation);
            return reply.Ready ? worker : throw new InvalidOperationException(reply.Error ?? "The worker did not say that it is ready.");
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has one prompt worked on.</summary>
    /// <exception cref="InvalidOperationException">The worker ended or answered with an error.</exception>
    public async Task<PromptResult> WorkAsync(PromptRequest request, CancellationToken cancellation = default)
    {
        string line = JsonSerializer.Serialize(request, WorkerJson.Default.PromptRequest);
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
        await _process.StandardInput.FlushAsync(cancellation);
        WorkerReply reply = await ReadAsync(cancellation);
        return reply.Result ?? throw new InvalidOperationException(reply.Error ?? "The worker answered without a result.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            using CancellationTokenSource timeout = new(ExitTimeout);
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            _process.Kill();
        }
        finally
        {
            _process.Dispose();
        }
    }

    private async Task<WorkerReply> ReadAsync(CancellationToken cancellation)
    {
        string line = await _process.StandardOutput.ReadLineAsync(cancellation)
            ?? throw new InvalidOperationException("A worker process ended early.");
        try
        {
            return JsonSerializer.Deserialize(line, WorkerJson.Default.WorkerReply)
                ?? throw new InvalidOperationException("A worker answered null.");
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"A worker wrote something that is no reply: {e.Message}", e);
        }
    }
}
