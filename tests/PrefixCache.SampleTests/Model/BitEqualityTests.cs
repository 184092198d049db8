using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.Model;

public class BitEqualityTests
{
    private const int Length = 130;

    [Fact]
    public void Prefill_AnySplitAndThreadCount_SameBits()
    {
        using LlamaModel grouped = LlamaModel.FromSeed(TinyModels.Grouped, 3), wide = LlamaModel.FromSeed(TinyModels.Wide, 3);
        int[] tokens = TinyModels.Tokens(Length, 101);
        Dictionary<(bool, KvDtype), byte[]> whole = [];
        foreach (KvDtype dtype in Enum.GetValues<KvDtype>())
        {
            whole[(false, dtype)] = Compute(grouped, tokens, dtype, [Length], 1);
            whole[(true, dtype)] = Compute(wide, tokens, dtype, [Length], 1);
        }
        Gen<(bool, KvDtype, int, int[])> cases =
            from useWide in Gen.Elements(false, true)
            from dtype in Gen.Elements(Enum.GetValues<KvDtype>())
            from threads in Gen.Choose(1, 5)
            from cuts in Gen.ArrayOf(Gen.Choose(1, Length - 1))
            select (useWide, dtype, threads, cuts);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            (bool useWide, KvDtype dtype, int threads, int[] cuts) = c;
            return Compute(useWide ? wide : grouped, tokens, dtype, Parts(cuts), threads).AsSpan().SequenceEqual(whole[(useWide, dtype)]);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Prefill_TokenByTokenAndLongerThanOnePass_SameBits()
    {
        const int Long = 600;
        LlamaConfig config = TinyModels.Grouped with { MaxPositions = Long };
        using LlamaModel model = LlamaModel.FromSeed(config, 4);
        int[] tokens = TinyModels.Tokens(Long, config.VocabSize);
        byte[] whole = Compute(model, tokens, KvDtype.Bf16, [Long], 2);
        Assert.Equal(whole, Compute(model, tokens, KvDtype.Bf16, [.. Enumerable.Repeat(1, Long)], 2));
        Assert.Equal(whole, Compute(model, tokens, KvDtype.Bf16, [450, 150], 3));
    }

    [Fact]
    public void Prefill_AfterLoadedKv_SameBitsAsComputed()
    {
        using LlamaModel model = LlamaModel.FromSeed(TinyModels.Wide, 5);
        int[] tokens = TinyModels.Tokens(Length, model.Config.VocabSize);
        byte[] expected = Compute(model, tokens, KvDtype.Bf16, [Length], 2);
        using KvCache source = new(model.Config, Length), target = new(model.Config, Length + 7);
        using LlamaRunner first = new(model, source), second = new(model, target);
        float[] logits = new float[model.Config.VocabSize];
        first.Prefill(tokens, logits);
        // The target held another sequence before: nothing of it may show.
        second.Prefill(TinyModels.Tokens(Length, model.Config.VocabSize, seed: 2), logits);
        foreach (int loaded in (int[])[1, 31, 32, 33, 100, Length - 1])
        {
            target.Truncate(0);
            for (int s = 0; s < source.Segments; s++) source.Slice(s, 0, loaded).CopyTo(target.Slice(s, 0, loaded));
            target.Advance(loaded);
            second.Prefill(tokens.AsSpan(loaded), logits);
            Assert.Equal(expected, Bits(logits, target, Length));
        }
    }

    [Fact]
    public void Prefill_OneBitOfLoadedKvChanged_OtherLogits()
    {
        using LlamaModel model = LlamaModel.FromSeed(TinyModels.Wide, 5);
        int[] tokens = TinyModels.Tokens(Length, model.Config.VocabSize);
        using KvCache cache = new(model.Config, Length);
        using LlamaRunner runner = new(model, cache);
        float[] before = new float[model.Config.VocabSize], after = new float[model.Config.VocabSize];
        runner.Prefill(tokens, before);
        cache.Truncate(0);
        cache.Slice(1, Length - 2, 1).Span[0] ^= 1;
        cache.Advance(Length - 1);
        runner.Prefill(tokens.AsSpan(Length - 1), after);
        Assert.NotEqual(before, after);
    }

    [Fact]
    public void PrefillAll_EveryRow_EqualsPrefillUpToIt()
    {
        using LlamaModel model = LlamaModel.FromSeed(TinyModels.Grouped, 6);
        int vocab = model.Config.VocabSize;
        int[] tokens = TinyModels.Tokens(20, vocab);
        using KvCache cache = new(model.Config, 20);
        using LlamaRunner runner = new(model, cache);
        float[] all = new float[20 * vocab], last = new float[vocab];
        runner.PrefillAll(tokens, all);
        for (int count = 1; count <= 20; count++)
        {
            cache.Truncate(0);
            runner.Prefill(tokens.AsSpan(0, count), last);
            Assert.Equal(all.AsSpan((count - 1) * vocab, vocab).ToArray(), last);
        }
    }

    private static int[] Parts(int[] cuts)
    {
        int[] bounds = [0, .. cuts.Distinct().Order(), Length];
        return [.. bounds.Skip(1).Select((bound, i) => bound - bounds[i])];
    }

    private static byte[] Compute(LlamaModel model, int[] tokens, KvDtype dtype, int[] parts, int threads)
    {
        using KvCache cache = new(model.Config, tokens.Length, dtype);
        using LlamaRunner runner = new(model, cache, threads);
        float[] logits = new float[model.Config.VocabSize];
        int done = 0;
        foreach (int part in parts)
        {
            runner.Prefill(tokens.AsSpan(done, part), logits);
            done += part;
        }
        Assert.Equal(tokens.Length, cache.Count);
        return Bits(logits, cache, tokens.Length);
    }

    /// <summary>The last token's logits and everything that the cache holds.</summary>
    private static byte[] Bits(float[] logits, KvCache cache, int tokens)
    {
        List<byte> bits = [.. MemoryMarshal.AsBytes<float>(logits)];
        for (int s = 0; s < cache.Segments; s++) bits.AddRange(cache.Slice(s, 0, tokens).Span);
        return [.. bits];
    }
}
