using System.Text.Json;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>The inside of a worker process: answers request lines until its input ends.</summary>
public static class WorkerLoop
{
    /// <summary>Warms the worker up, says that it is ready, then serves; input that is no request is answered with an error.</summary>
    public static async Task RunAsync(
        TextReader input, TextWriter output, PromptWorker worker, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(worker);
        await worker.WarmUpAsync(cancellation);
        await WriteAsync(output, new WorkerReply(Ready: true));
        while (await input.ReadLineAsync(cancellation) is { } line)
        {
            WorkerReply reply;
            try
            {
                PromptRequest request = JsonSerializer.Deserialize(line, WorkerJson.Default.PromptRequest)
                    ?? throw new JsonException("empty request");
                if (request.Tokens is not { Length: > 0 } || request.OutputTokens < 1)
                    throw new JsonException("a request needs tokens and output_tokens");
                reply = new WorkerReply(Result: await worker.WorkAsync(request, cancellation));
            }
            catch (Exception e) when (e is JsonException or LlamaException)
            {
                reply = new WorkerReply(Error: e.Message);
            }
            await WriteAsync(output, reply);
        }
    }

    private static async Task WriteAsync(TextWriter output, WorkerReply reply)
    {
        await output.WriteLineAsync(JsonSerializer.Serialize(reply, WorkerJson.Default.WorkerReply));
        await output.FlushAsync();
    }
}
