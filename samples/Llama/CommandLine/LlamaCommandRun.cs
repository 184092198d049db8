using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.Llama.CommandLine;

/// <summary>Loads a model, computes the given tokens and prints or writes what was asked for.</summary>
internal static class LlamaCommandRun
{
    /// <summary>Tokens whose logits are held at a time.</summary>
    private const int LogitRows = 64;

    private const int MaxThreads = 1024;

    /// <summary>Shape of the random model when none is given: one token a byte.</summary>
    private static readonly LlamaConfig DefaultConfig = new()
    {
        VocabSize = 256,
        HiddenSize = 256,
        IntermediateSize = 704,
        Layers = 4,
        Heads = 8,
        KvHeads = 4,
        HeadDim = 32,
        MaxPositions = 8192,
    };

    public static void Execute(RunOptions options, TextWriter output)
    {
        Check(options);
        using LlamaModel model = options.ModelFolder is { } folder ? LlamaModel.Load(folder) : LlamaModel.FromSeed(
            options.ConfigFile is { } file ? LlamaConfigReader.Read(file) : DefaultConfig, options.Seed);
        BpeTokenizer? tokenizer = Tokenizer(options);
        int[] tokens = options.Tokens is { } list ? ParseTokens(list) : Encode(tokenizer, options.Prompt!, model.Config);
        if (tokens.Length == 0) throw new LlamaException("The prompt has no tokens.");
        long wanted = (long)tokens.Length + options.Generate;
        if (wanted > model.Config.MaxPositions)
            throw new LlamaException($"{wanted} tokens exceed the model's {model.Config.MaxPositions} positions.");

        using KvCache cache = new(model.Config, (int)wanted, options.KvDtype);
        using LlamaRunner runner = new(model, cache, options.Threads);
        Stopwatch watch = Stopwatch.StartNew();
        float[] last = new float[model.Config.VocabSize];
        if (options.LogitsFile is { } path) WriteLogits(runner, tokens, path, last);
        else runner.Prefill(tokens, last);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tokens.Length} tokens computed in {watch.Elapsed.TotalMilliseconds:f0} ms"));
        if (options.LogitsFile is not null) output.WriteLine($"logits [{tokens.Length}, {last.Length}] f32: {options.LogitsFile}");
        if (options.Generate == 0) return;
        watch.Restart();
        List<int> generated = GreedyDecoder.Decode(runner, last, options.Generate, model.Config.EosTokenIds);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{generated.Count} tokens decoded in {watch.Elapsed.TotalMilliseconds:f0} ms"));
        output.WriteLine("tokens: " + string.Join(",", generated));
        if (tokenizer is not null) output.WriteLine("text: " + tokenizer.Decode(generated.Where(t => t < tokenizer.VocabSize)));
    }

    private static void Check(RunOptions options)
    {
        if (options.Tokens is null == options.Prompt is null) throw new LlamaException("Give either --tokens or --prompt.");
        if (options.ModelFolder is not null && options.ConfigFile is not null)
            throw new LlamaException("--config belongs to --seed; a --model folder has its own config.json.");
        if (options.Generate < 0) throw new LlamaException($"--generate is {options.Generate}; expected 0 or more.");
        if (options.Threads is < 0 or > MaxThreads)
            throw new LlamaException($"--threads is {options.Threads}; expected 0 to {MaxThreads}.");
    }

    private static BpeTokenizer? Tokenizer(RunOptions options)
    {
        if (options.ModelFolder is null) return BpeTokenizer.Train([], 0);
        string path = Path.Combine(options.ModelFolder, "tokenizer.json");
        if (File.Exists(path)) return BpeTokenizer.Load(path);
        return options.Prompt is null ? null : throw new LlamaException($"{path} is missing; --prompt needs it (--tokens does not).");
    }

    private static int[] Encode(BpeTokenizer? tokenizer, string prompt, LlamaConfig config)
    {
        int[] ids = tokenizer!.Encode(prompt);
        return tokenizer.Prefix.Count == 0 && config.BosTokenId is { } bos ? [bos, .. ids] : ids;
    }

    private static int[] ParseTokens(string list) => Array.ConvertAll(list.Split(','), text =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            ? id : throw new LlamaException($"--tokens: '{text}' is not a token id; expected numbers separated by commas."));

    private static void WriteLogits(LlamaRunner runner, int[] tokens, string path, float[] last)
    {
        using FileStream file = File.Create(path);
        float[] block = new float[LogitRows * last.Length];
        for (int first = 0; first < tokens.Length; first += LogitRows)
        {
            int rows = Math.Min(LogitRows, tokens.Length - first);
            Span<float> logits = block.AsSpan(0, rows * last.Length);
            runner.PrefillAll(tokens.AsSpan(first, rows), logits);
            file.Write(MemoryMarshal.AsBytes(logits));
            logits[^last.Length..].CopyTo(last);
        }
    }
}
