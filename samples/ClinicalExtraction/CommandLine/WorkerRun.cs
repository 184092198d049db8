using PrefixCache.Client;
using PrefixCache.Samples.ClinicalExtraction.Extraction;
using PrefixCache.Samples.ClinicalExtraction.Model;
using PrefixCache.Samples.ClinicalExtraction.Processes;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.ClinicalExtraction.CommandLine;

/// <summary>The whole life of one worker process.</summary>
internal static class WorkerRun
{
    public static async Task<int> ExecuteAsync(ExtractionOptions options, CancellationToken cancellation)
    {
        SampleSetup setup = new(options.ModelFolder);
        using LlamaModel model = setup.LoadModel();
        if (options.Server is not { } server)
        {
            await ServeAsync(model, new NoPrefixStore(), setup.Capacity, cancellation);
            return 0;
        }
        string token = options.TokenFile is { } file ? File.ReadLines(file).FirstOrDefault("").Trim() : "";
        await using NodePrefixStore store = await NodePrefixStore.ConnectAsync(
            server, token, SampleLayout.Of(model.Config, options.ModelFolder), Report, cancellation);
        await ServeAsync(model, store, setup.Capacity, cancellation);
        return 0;
    }

    private static async Task ServeAsync(LlamaModel model, IPrefixStore store, int capacity, CancellationToken cancellation)
    {
        using ExtractionWorker worker = new(model, store, capacity);
        await WorkerLoop.RunAsync(Console.In, Console.Out, worker, cancellation);
    }

    // Standard output carries the replies.
    private static void Report(ClientEvent happened)
    {
        if (happened.Kind is ClientEventKind.CallFailed or ClientEventKind.Disconnected)
            Console.Error.WriteLine($"worker: {happened.Kind} {happened.Operation}: {happened.Reason}");
    }
}
