using System.CommandLine;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.CommandLine;

/// <summary>The command line; bad input ends with one line on standard error and exit code 2.</summary>
internal static class LlamaCommand
{
    private const string Description = """
        Runs a Llama-architecture decoder on the CPU.

        The model is a Hugging Face folder (config.json, model.safetensors in f32, f16 or bf16, tokenizer.json for --prompt), or
        random weights made from --seed. Examples:

          dotnet run --project samples/Llama -- --model ~/models/llama --prompt "The patient was" --generate 20
          dotnet run --project samples/Llama -- --model ~/models/llama --tokens 1,2,3 --logits logits.f32
          dotnet run --project samples/Llama -- --seed 7 --tokens 1,2,3 --generate 8
        """;

    public static int Invoke(string[] args)
    {
        Option<string?> model = new("--model") { Description = "Hugging Face folder.", HelpName = "FOLDER" };
        Option<ulong> seed = new("--seed") { Description = "Without --model: make random weights from this number.", HelpName = "N" };
        Option<string?> config =
            new("--config") { Description = "Without --model: a config.json for the random weights' shape.", HelpName = "FILE" };
        Option<string?> tokens = new("--tokens") { Description = "Token ids to compute, separated by commas.", HelpName = "1,2,3" };
        Option<string?> prompt = new("--prompt")
        {
            Description = "Text to compute, encoded with the folder's tokenizer.json; with --seed one token a byte.",
            HelpName = "TEXT",
        };
        Option<string?> logits = new("--logits")
        {
            Description = "Write the logits of every given token: raw little-endian f32, [tokens, vocab_size], row after row.",
            HelpName = "FILE",
        };
        Option<int> generate =
            new("--generate") { Description = "Decode this many tokens greedily, or until an end token.", HelpName = "N" };
        Option<int> threads = new("--threads") { Description = "Threads to compute on; 0 takes every core.", HelpName = "N" };
        Option<KvDtype> dtype = new("--kv-dtype")
        {
            Description = "Element type that keys and values are held in: bf16, f16 or f32.",
            DefaultValueFactory = _ => KvDtype.Bf16,
        };
        RootCommand root = new(Description) { model, seed, config, tokens, prompt, logits, generate, threads, dtype };
        root.SetAction(parse => Run(new RunOptions
        {
            ModelFolder = parse.GetValue(model),
            Seed = parse.GetValue(seed),
            ConfigFile = parse.GetValue(config),
            Tokens = parse.GetValue(tokens),
            Prompt = parse.GetValue(prompt),
            LogitsFile = parse.GetValue(logits),
            Generate = parse.GetValue(generate),
            Threads = parse.GetValue(threads),
            KvDtype = parse.GetValue(dtype),
        }));
        ParseResult result = root.Parse(args);
        if (result.Errors.Count == 0) return result.Invoke();
        return Fail(string.Join(" ", result.Errors.Select(e => e.Message)));
    }

    private static int Run(RunOptions options)
    {
        try
        {
            LlamaCommandRun.Execute(options, Console.Out);
            return 0;
        }
        catch (Exception e) when (e is LlamaException or IOException or UnauthorizedAccessException or OutOfMemoryException
            or OverflowException)
        {
            return Fail(e.Message);
        }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"llama: {message.ReplaceLineEndings(" ")} (--help shows examples)");
        return 2;
    }
}
