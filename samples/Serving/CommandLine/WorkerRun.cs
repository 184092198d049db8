using PrefixCache.Client;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Model;
using PrefixCache.Samples.Serving.Processes;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Stores;

namespace PrefixCache.Samples.Serving.CommandLine;

/// <summary>The whole life of one worker process.</summary>
internal static class WorkerRun
{
    public static async Task<int> ExecuteAsync(SampleProgram program, SampleOptions options, int capacity, CancellationToken cancellation)
    {
        SampleModel sample = program.CreateModel(options.ModelFolder);
        using LlamaModel model = sample.Load();
        if (options.Server is not { } server)
        {
            await ServeAsync(model, new NoPrefixStore(), capacity, cancellation);
            return 0;
        }
        string token = options.TokenFile is { } file ? File.ReadLines(file).FirstOrDefault("").Trim() : "";
        await using NodePrefixStore store =
            await NodePrefixStore.ConnectAsync(server, token, sample.Layout(model.Config), Report, cancellation);
        await ServeAsync(model, store, capacity, cancellation);
        return 0;
    }

    private static async Task ServeAsync(LlamaModel model, IPrefixStore store, int capacity, CancellationToken cancellation)
    {
        using PromptWorker worker = new(model, store, capacity);
        await WorkerLoop.RunAsync(Console.In, Console.Out, worker, cancellation);
    }

    // Standard output carries the replies.
    private static void Report(ClientEvent happened)
    {
        if (happened.Kind is ClientEventKind.CallFailed or ClientEventKind.Disconnected)
            Console.Error.WriteLine($"worker: {happened.Kind} {happened.Operation}: {happened.Reason}");
    }
}
