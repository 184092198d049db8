using PrefixCache.Samples.ClinicalExtraction.Extraction;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Clinical;

public class ExtractionWorkerTests
{
    private const int Shared = 100, Output = 12, Capacity = 220;

    // With a head of its own: a tied random one repeats its last token, whatever came before.
    private static readonly LlamaConfig Config = TinyModels.Wide with { TieWordEmbeddings = false };

    [Fact]
    public async Task ExtractAsync_WithAndWithoutStore_SameOutputAndTokensReused()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using ExtractionWorker without = new(model, new NoPrefixStore(), Capacity), with = new(model, new LocalPrefixStore(), Capacity);
        for (int note = 0; note < 5; note++)
        {
            int[] prompt = Prompt(note);
            ExtractionResult computed = await without.ExtractAsync(prompt, Output, TestContext.Current.CancellationToken);
            ExtractionResult reused = await with.ExtractAsync(prompt, Output, TestContext.Current.CancellationToken);
            Assert.Equal(computed.OutputTokens, reused.OutputTokens);
            Assert.Equal(Output, reused.OutputTokens.Count);
            Assert.Equal((prompt.Length, 0), (computed.PromptTokens, computed.ReusedTokens));
            Assert.Equal(note == 0 ? 0 : Shared, reused.ReusedTokens);
        }
    }

    [Fact]
    public async Task ExtractAsync_SamePromptAgain_ComputesTheLastToken()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using ExtractionWorker worker = new(model, new LocalPrefixStore(), Capacity);
        int[] prompt = Prompt(0);
        ExtractionResult first = await worker.ExtractAsync(prompt, Output, TestContext.Current.CancellationToken);
        ExtractionResult second = await worker.ExtractAsync(prompt, Output, TestContext.Current.CancellationToken);
        Assert.Equal(prompt.Length - 1, second.ReusedTokens);
        Assert.Equal(first.OutputTokens, second.OutputTokens);
    }

    [Fact]
    public async Task ExtractAsync_StoreThatDamagesOneToken_OtherOutput()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using ExtractionWorker good = new(model, new LocalPrefixStore(), Capacity), bad = new(model, new DamagingStore(), Capacity);
        int[] prompt = Prompt(0);
        ExtractionResult expected = await good.ExtractAsync(prompt, 40, TestContext.Current.CancellationToken);
        await bad.ExtractAsync(prompt, 40, TestContext.Current.CancellationToken);
        ExtractionResult damaged = await bad.ExtractAsync(prompt, 40, TestContext.Current.CancellationToken);
        // This is what makes equal outputs worth reporting.
        Assert.NotEqual(expected.OutputTokens, damaged.OutputTokens);
    }

    [Fact]
    public async Task ExtractAsync_PromptBeyondCapacity_SaysSo()
    {
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using ExtractionWorker worker = new(model, new NoPrefixStore(), 50);
        worker.WarmUp();
        LlamaException error = await Assert.ThrowsAsync<LlamaException>(
            async () => await worker.ExtractAsync(Prompt(0), Output, TestContext.Current.CancellationToken));
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

        public async ValueTask<int> LoadAsync(ReadOnlyMemory<int> tokens, KvCache cache, int limit,
            CancellationToken cancellation = default)
        {
            int loaded = await _inner.LoadAsync(tokens, cache, limit, cancellation);
            // The signs of one token's values in the first layer.
            Span<byte> values = loaded > 0 ? cache.Slice(1, loaded - 1, 1).Span : [];
            for (int upper = 1; upper < values.Length; upper += 2) values[upper] ^= 0x80;
            return loaded;
        }

        public ValueTask StoreAsync(ReadOnlyMemory<int> tokens, KvCache cache, CancellationToken cancellation = default) =>
            _inner.StoreAsync(tokens, cache, cancellation);
    }
}
