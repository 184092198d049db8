using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.SampleTests.Reference;

/// <summary>Shapes small enough for a test, odd enough to meet every remainder of a tile.</summary>
internal static class TinyModels
{
    public static LlamaConfig Grouped { get; } = new()
    {
        VocabSize = 101,
        HiddenSize = 48,
        IntermediateSize = 75,
        Layers = 2,
        Heads = 6,
        KvHeads = 2,
        HeadDim = 20,
        MaxPositions = 512,
        RmsNormEpsilon = 1e-5f,
    };

    public static LlamaConfig Wide { get; } = new()
    {
        VocabSize = 200,
        HiddenSize = 128,
        IntermediateSize = 352,
        Layers = 3,
        Heads = 4,
        KvHeads = 4,
        HeadDim = 32,
        MaxPositions = 512,
        TieWordEmbeddings = true,
        RopeTheta = 500_000,
    };

    public static Llama3RopeScaling Llama3 { get; } = new(8, 1, 4, 64);

    public static int[] Tokens(int count, int vocabSize, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabSize))];
    }
}
