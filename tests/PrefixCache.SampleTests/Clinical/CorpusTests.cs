using PrefixCache.Samples.ClinicalExtraction.CommandLine;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.Serving.Model;

namespace PrefixCache.SampleTests.Clinical;

public class CorpusTests
{
    private static readonly ClinicalCorpus Corpus = ClinicalCorpus.Load();

    private static readonly SampleModel Model = new ExtractionProgram().CreateModel(folder: null);

    private static readonly PromptBuilder Prompts = new(Corpus, Model.Tokenizer);

    [Fact]
    public void SharedPart_InTheSamplesTokenizer_Between900And1000Tokens()
    {
        Assert.InRange(Prompts.SharedTokens, 900, 1000);
        Assert.InRange(Prompts.InstructionTokens, 450, 600);
        Assert.InRange(Prompts.ExampleTokens, 350, 450);
    }

    [Fact]
    public void Notes_All24_DifferInLengthAndSayThatTheyAreInvented()
    {
        Assert.Equal([.. Enumerable.Range(1, 24).Select(i => i.ToString("D2", null))], Corpus.Notes.Select(n => n.Name));
        int[] lengths = [.. Corpus.Notes.Select(n => Model.Tokenizer.Encode(n.Text).Length)];
        Assert.InRange(lengths.Min(), 30, 80);
        Assert.InRange(lengths.Max(), 500, 650);
        Assert.True(lengths.Distinct().Count() > 20, "Notes should have very different lengths.");
        Assert.All(Corpus.Notes, note => Assert.Contains("invented", note.Text, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Prompts_EveryNote_BeginWithTheSameTokensAndDecodeToTheirText()
    {
        int[][] prompts = [.. Corpus.Notes.Select(Prompts.Build)];
        Assert.All(prompts,
            prompt => Assert.Equal(prompts[0].AsSpan(0, Prompts.SharedTokens).ToArray(), prompt[..Prompts.SharedTokens]));
        Assert.All(prompts.Zip(Corpus.Notes), pair =>
        {
            string text = Model.Tokenizer.Decode(pair.First);
            Assert.StartsWith(Corpus.Instructions, text, StringComparison.Ordinal);
            Assert.Contains(pair.Second.Text.Trim(), text, StringComparison.Ordinal);
            Assert.EndsWith("Answer:\n", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Vocabulary_TrainedTwice_SameTokens()
    {
        SampleModel again = new ExtractionProgram().CreateModel(folder: null);
        Assert.Equal(Model.Tokenizer.VocabSize, again.Tokenizer.VocabSize);
        Assert.Equal(Prompts.Build(Corpus.Notes[5]), new PromptBuilder(Corpus, again.Tokenizer).Build(Corpus.Notes[5]));
    }

    [Fact]
    public void Config_OfTheSampleModel_Has15To30MillionParameters() =>
        Assert.InRange(SampleModel.SeededConfig(Model.Tokenizer.VocabSize).ParameterCount, 15_000_000, 30_000_000);
}
