using PrefixCache.Samples.RagPipeline.CommandLine;
using PrefixCache.Samples.RagPipeline.Corpus;
using PrefixCache.Samples.RagPipeline.Retrieval;
using PrefixCache.Samples.Serving.Model;

namespace PrefixCache.SampleTests.RagPipeline;

public class PromptBuilderTests
{
    private static readonly RagTexts Texts = RagTexts.Load();

    private static readonly SampleModel Model = new RagProgram().CreateModel(folder: null);

    private static readonly PromptBuilder Prompts = new(Texts, Model.Tokenizer);

    [Fact]
    public void Load_AllTexts_ShortDocumentsAndSkewedQuestions()
    {
        Assert.Equal(24, Texts.Documents.Count);
        Assert.Equal(Texts.Documents.Select(d => d.Id).Order(StringComparer.Ordinal), Texts.Documents.Select(d => d.Id));
        Assert.All(Texts.Documents, document => Assert.InRange(document.Text.Split().Length, 150, 400));
        Assert.InRange(Texts.Questions.Count, 24, 40);
        Retriever retriever = new(Texts.Documents);
        int[] uses = [.. Texts.Questions.SelectMany(q => retriever.Retrieve(q, DocumentOrder.Rank)).CountBy(d => d.Id)
            .Select(used => used.Value).OrderDescending()];
        Assert.True(uses.Take(5).Sum() * 2 >= uses.Sum(), "Half of what is retrieved should be five documents.");
    }

    [Fact]
    public void Build_AnyOrder_SamePiecesOfTokens()
    {
        Document a = Texts.Documents[0], b = Texts.Documents[1];
        int[] ab = Prompts.Build([a, b], "Why?"), ba = Prompts.Build([b, a], "Why?");
        int system = Prompts.SystemTokens, first = Prompts.TokensOf(a), second = Prompts.TokensOf(b);
        Assert.Equal(ab.Length, ba.Length);
        Assert.Equal(ab[..system], ba[..system]);
        Assert.Equal(ab[system..(system + first)], ba[(system + second)..(system + second + first)]);
        Assert.Equal(ab[(system + first)..(system + first + second)], ba[system..(system + second)]);
        Assert.Equal(ab[(system + first + second)..], ba[(system + first + second)..]);
    }

    [Fact]
    public void Build_Question_DecodesToItsText()
    {
        string text = Model.Tokenizer.Decode(Prompts.Build([Texts.Documents[2]], Texts.Questions[0]));
        Assert.StartsWith(Texts.System, text, StringComparison.Ordinal);
        Assert.Contains($"[{Texts.Documents[2].Id}] {Texts.Documents[2].Text}\n", text, StringComparison.Ordinal);
        Assert.EndsWith($"# Question\n\n{Texts.Questions[0]}\n\n# Answer\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Retrieve_EveryQuestion_SameDocumentsInBothOrders()
    {
        Retriever retriever = new(Texts.Documents);
        Assert.All(Texts.Questions, question =>
        {
            string[] ranked = [.. retriever.Retrieve(question, DocumentOrder.Rank).Select(d => d.Id)];
            string[] stable = [.. retriever.Retrieve(question, DocumentOrder.Stable).Select(d => d.Id)];
            Assert.Equal(Retriever.DocumentsPerQuestion, ranked.Length);
            Assert.Equal(ranked.Order(StringComparer.Ordinal), stable);
        });
    }
}
