using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.ClinicalExtraction.Corpus;

/// <summary>The vocabulary of the model made from a seed, learnt from the sample's own texts.</summary>
public static class SampleVocabulary
{
    /// <summary>Tokens learnt beside the 256 bytes.</summary>
    public const int Merges = 2048;

    /// <summary>
    /// Every prompt carries the shared texts and one note, so they weigh more than a note; with three, common words of both become
    /// single tokens.
    /// </summary>
    private const int SharedWeight = 3;

    /// <summary>Learns the vocabulary; the same in every process.</summary>
    public static BpeTokenizer Train(ClinicalCorpus corpus)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        IEnumerable<string> shared =
            Enumerable.Repeat<string[]>([corpus.Instructions, corpus.Examples], SharedWeight).SelectMany(texts => texts);
        return BpeTokenizer.Train([.. shared, .. corpus.Notes.Select(n => n.Text)], Merges);
    }
}
