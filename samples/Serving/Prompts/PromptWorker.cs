using System.Diagnostics;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Stores;

namespace PrefixCache.Samples.Serving.Prompts;

/// <summary>An inference worker: loads what is known of a prompt, computes the rest, decodes the answer, offers what it computed.</summary>
/// <remarks>One prompt at a time. Owns its KV cache and scratch memory; model and store stay the caller's.</remarks>
public sealed class PromptWorker : IDisposable
{
    /// <summary>Rows that run every code path of prefill once, so that no prompt pays for compiling it.</summary>
    private const int WarmUpTokens = 300;

    private readonly LlamaModel _model;
    private readonly IPrefixStore _store;
    private readonly KvCache _cache;
    private readonly LlamaRunner _runner;
    private readonly float[] _logits;

    /// <summary>Reserves memory for prompts and answers of up to <paramref name="capacity"/> tokens together.</summary>
    /// <param name="threads">Threads to compute on; 0 takes every core.</param>
    public PromptWorker(LlamaModel model, IPrefixStore store, int capacity, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(store);
        _model = model;
        _store = store;
        _cache = new KvCache(model.Config, capacity);
        _runner = new LlamaRunner(model, _cache, threads);
        _logits = new float[model.Config.VocabSize];
    }

    /// <summary>Computes over arbitrary tokens, touches all of the cache's memory, and tells the store how fast that was: from the first
    /// prompt on it can be weighed whether to load.</summary>
    public async ValueTask WarmUpAsync(CancellationToken cancellation = default)
    {
        _cache.Truncate(0);
        int[] tokens = [.. Enumerable.Range(0, Math.Min(WarmUpTokens, _cache.Capacity - 1)).Select(i => i % _model.Config.VocabSize)];
        TimeSpan last = TimeSpan.Zero;
        while (_cache.Count + tokens.Length < _cache.Capacity)
        {
            long start = Stopwatch.GetTimestamp();
            _runner.Prefill(tokens, _logits);
            last = Stopwatch.GetElapsedTime(start);
        }

        // The first time compiles as well.
        if (_cache.Count > tokens.Length) await _store.MeasuredAsync(_cache.Count - tokens.Length, tokens.Length, last, cancellation);
        GreedyDecoder.Decode(_runner, _logits, 2, []);
        _cache.Truncate(0);
    }

    /// <summary>Works on one prompt.</summary>
    public async ValueTask<PromptResult> WorkAsync(PromptRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        int[] prompt = request.Tokens;
        ArgumentOutOfRangeException.ThrowIfZero(prompt.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.OutputTokens, 1);
        _cache.Truncate(0);
        long start = Stopwatch.GetTimestamp();
        int reused = await _store.LoadAsync(request, _cache, prompt.Length - 1, cancellation);
        if (reused < 0 || reused >= prompt.Length) throw new InvalidOperationException($"{reused} of {prompt.Length} tokens were loaded.");
        long loaded = Stopwatch.GetTimestamp();
        _cache.Advance(reused);
        _runner.Prefill(prompt.AsSpan(reused), _logits);
        int first = LlamaRunner.Argmax(_logits);
        TimeSpan prefill = Stopwatch.GetElapsedTime(loaded);
        double firstTokenMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        string plane = reused > 0 ? _store.Plane : "";
        LoadAccount? account = _store.Account is { } known
            ? known with { ComputedTokens = prompt.Length - reused, ComputeMs = Math.Round(prefill.TotalMilliseconds, 3) }
            : null;
        // Whoever needs the prompt alone can have it before the answer is decoded.
        if (!request.KeepAnswer) await _store.StoreAsync(request, ReadOnlyMemory<int>.Empty, _cache, prefill, cancellation);
        List<int> output = GreedyDecoder.Decode(_runner, _logits, request.OutputTokens, _model.Config.EosTokenIds);
        Debug.Assert(output[0] == first);
        // The last output token was never fed to the model, so there is no KV of it: the cache's own count says what there is.
        if (request.KeepAnswer)
            await _store.StoreAsync(request, output.ToArray().AsMemory(0, _cache.Count - prompt.Length), _cache, prefill, cancellation);
        return new PromptResult(prompt.Length, reused, firstTokenMs, output, plane) { Account = account };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runner.Dispose();
        _cache.Dispose();
    }
}
