using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Stores;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Serving;

public class PromptWorkerTests
{
    private const int Shared = 100, Output = 12, Capacity = 220;

    // With a head of its own: a tied random one repeats its last token, whatever came before.
    private static readonly LlamaConfig Config = TinyModels.Wide with { TieWordEmbeddings = false };

    [Fact]
    public async Task WorkAsync_WithAndWithoutStore_SameOutputAndTokensReused()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker without = new(model, new NoPrefixStore(), Capacity), with = new(model, new LocalPrefixStore(), Capacity);
        for (int note = 0; note < 5; note++)
        {
            int[] prompt = Prompt(note);
            PromptResult computed = await without.WorkAsync(new PromptRequest(prompt, Output), TestContext.Current.CancellationToken);
            PromptResult reused = await with.WorkAsync(new PromptRequest(prompt, Output), TestContext.Current.CancellationToken);
            Assert.Equal(computed.OutputTokens, reused.OutputTokens);
            Assert.Equal(Output, reused.OutputTokens.Count);
            Assert.Equal((prompt.Length, 0), (computed.PromptTokens, computed.ReusedTokens));
            Assert.Equal(note == 0 ? 0 : Shared, reused.ReusedTokens);
        }
    }

    [Fact]
    public async Task WorkAsync_SamePromptAgain_ComputesTheLastToken()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker worker = new(model, new LocalPrefixStore(), Capacity);
        int[] prompt = Prompt(0);
        PromptResult first = await worker.WorkAsync(new PromptRequest(prompt, Output), TestContext.Current.CancellationToken);
        PromptResult second = await worker.WorkAsync(new PromptRequest(prompt, Output), TestContext.Current.CancellationToken);
        Assert.Equal(prompt.Length - 1, second.ReusedTokens);
        Assert.Equal(first.OutputTokens, second.OutputTokens);
    }

    [Fact]
    public async Task WorkAsync_AnswerKept_FollowUpReusesAllOfItButTheLastToken()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker without = new(model, new NoPrefixStore(), Capacity), with = new(model, new LocalPrefixStore(), Capacity);
        int[] prompt = Prompt(0);
        PromptRequest first = new(prompt, Output) { KeepAnswer = true };
        PromptResult answer = await with.WorkAsync(first, TestContext.Current.CancellationToken);
        PromptRequest next = new([.. prompt, .. answer.OutputTokens, 7, 8, 9], Output) { KeepAnswer = true };
        PromptResult expected = await without.WorkAsync(next, TestContext.Current.CancellationToken);
        PromptResult reused = await with.WorkAsync(next, TestContext.Current.CancellationToken);
        // The model was never fed the answer's last token, so nobody has its KV.
        Assert.Equal(prompt.Length + Output - 1, reused.ReusedTokens);
        Assert.Equal(expected.OutputTokens, reused.OutputTokens);
    }

    [Fact]
    public async Task WorkAsync_StoreThatDamagesOneToken_OtherOutput()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker good = new(model, new LocalPrefixStore(), Capacity), bad = new(model, new DamagingStore(), Capacity);
        int[] prompt = Prompt(0);
        PromptResult expected = await good.WorkAsync(new PromptRequest(prompt, 40), TestContext.Current.CancellationToken);
        await bad.WorkAsync(new PromptRequest(prompt, 40), TestContext.Current.CancellationToken);
        PromptResult damaged = await bad.WorkAsync(new PromptRequest(prompt, 40), TestContext.Current.CancellationToken);
        // This is what makes equal outputs worth reporting.
        Assert.NotEqual(expected.OutputTokens, damaged.OutputTokens);
    }

    [Fact]
    public async Task WorkAsync_PromptBeyondCapacity_SaysSo()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker worker = new(model, new NoPrefixStore(), 50);
        await worker.WarmUpAsync(TestContext.Current.CancellationToken);
        LlamaException error = await Assert.ThrowsAsync<LlamaException>(
            async () => await worker.WorkAsync(new PromptRequest(Prompt(0), Output), TestContext.Current.CancellationToken));
        Assert.Contains("capacity of 50", error.Message, StringComparison.Ordinal);
    }

    private static int[] Prompt(int note)
    {
        int[] own = TinyModels.Tokens(20 + 15 * note, 200, seed: 100 + note);
        own[0] = note;
        return [.. TinyModels.Tokens(Shared, 200), .. own];
    }

    private sealed class DamagingStore : IPrefixStore
    {
        /// <inheritdoc/>
        public string Plane => "process";

        private readonly LocalPrefixStore _inner = new();

        public async ValueTask<int> LoadAsync(PromptRequest request, KvCache cache, int limit,
            CancellationToken cancellation = default)
        {
            int loaded = await _inner.LoadAsync(request, cache, limit, cancellation);
            // The signs of one token's values in the first layer.
            Span<byte> values = loaded > 0 ? cache.Slice(1, loaded - 1, 1).Span : [];
            for (int upper = 1; upper < values.Length; upper += 2) values[upper] ^= 0x80;
            return loaded;
        }

        public ValueTask StoreAsync(PromptRequest request, ReadOnlyMemory<int> decoded, KvCache cache, TimeSpan prefill,
            CancellationToken cancellation = default) => _inner.StoreAsync(request, decoded, cache, prefill, cancellation);
    }
}
