using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.ClinicalExtraction.Model;
using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.SampleTests.Clinical;

public class CorpusTests
{
    private static readonly SampleSetup Setup = new(modelFolder: null);

    [Fact]
    public void SharedPart_InTheSamplesTokenizer_Between900And1000Tokens()
    {
        Assert.InRange(Setup.Prompts.SharedTokens, 900, 1000);
        Assert.InRange(Setup.Prompts.InstructionTokens, 450, 600);
        Assert.InRange(Setup.Prompts.ExampleTokens, 350, 450);
    }

    [Fact]
    public void Notes_All24_DifferInLengthAndSayThatTheyAreInvented()
    {
        Assert.Equal([.. Enumerable.Range(1, 24).Select(i => i.ToString("D2", null))], Setup.Corpus.Notes.Select(n => n.Name));
        int[] lengths = [.. Setup.Corpus.Notes.Select(n => Setup.Tokenizer.Encode(n.Text).Length)];
        Assert.InRange(lengths.Min(), 30, 80);
        Assert.InRange(lengths.Max(), 500, 650);
        Assert.True(lengths.Distinct().Count() > 20, "Notes should have very different lengths.");
        Assert.All(Setup.Corpus.Notes, note => Assert.Contains("invented", note.Text, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Prompts_EveryNote_BeginWithTheSameTokensAndDecodeToTheirText()
    {
        int[][] prompts = [.. Setup.Corpus.Notes.Select(Setup.Prompts.Build)];
        Assert.All(prompts,
            prompt => Assert.Equal(prompts[0].AsSpan(0, Setup.Prompts.SharedTokens).ToArray(), prompt[..Setup.Prompts.SharedTokens]));
        Assert.All(prompts.Zip(Setup.Corpus.Notes), pair =>
        {
            string text = Setup.Tokenizer.Decode(pair.First);
            Assert.StartsWith(Setup.Corpus.Instructions, text, StringComparison.Ordinal);
            Assert.Contains(pair.Second.Text.Trim(), text, StringComparison.Ordinal);
            Assert.EndsWith("Answer:\n", text, StringComparison.Ordinal);
        });
        Assert.True(prompts.Max(p => p.Length) + SampleModel.OutputTokens <= Setup.Capacity);
    }

    [Fact]
    public void Vocabulary_TrainedTwice_SameTokens()
    {
        BpeTokenizer again = SampleVocabulary.Train(ClinicalCorpus.Load());
        Assert.Equal(Setup.Tokenizer.VocabSize, again.VocabSize);
        Assert.Equal(Setup.Prompts.Build(Setup.Corpus.Notes[5]), new PromptBuilder(Setup.Corpus, again).Build(Setup.Corpus.Notes[5]));
    }

    [Fact]
    public void Config_OfTheSampleModel_Has15To30MillionParameters() =>
        Assert.InRange(SampleModel.Config(Setup.Tokenizer.VocabSize).ParameterCount, 15_000_000, 30_000_000);
}
