using PrefixCache.Samples.RagPipeline.Corpus;
using PrefixCache.Samples.RagPipeline.Retrieval;

namespace PrefixCache.SampleTests.RagPipeline;

public class Bm25IndexTests
{
    [Fact]
    public void Search_OneTermOnce_HasTheFormulasValue()
    {
        // Lengths 2 and 4, mean 3; "fox" is in one document of two.
        Bm25Index index = new([new Document("a", "red fox"), new Document("b", "a dog and cat")]);
        ScoredDocument found = Assert.Single(index.Search("fox", 3));
        Assert.Equal("a", found.Document.Id);
        double rarity = Math.Log(1 + 1.5 / 1.5), weight = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3));
        Assert.Equal(rarity * weight, found.Score, 12);
    }

    [Fact]
    public void Search_RareAndCommonTerm_TheRareOneDecides() =>
        Assert.Equal(["b", "a", "c"], Ranked("common rare", ("a", "common x"), ("b", "rare x"), ("c", "common y")));

    [Fact]
    public void Search_TermMoreOften_RanksHigherAtEqualLength() =>
        Assert.Equal(["b", "a"], Ranked("bee", ("a", "bee wax wax"), ("b", "bee bee wax")));

    [Fact]
    public void Search_LongerDocument_RanksLowerAtEqualFrequency() =>
        Assert.Equal(["b", "a"], Ranked("bee", ("a", "bee one two three four five six"), ("b", "bee one two")));

    [Fact]
    public void Search_EqualScores_LowerIdFirst() =>
        Assert.Equal(["a", "b", "c"], Ranked("bee", ("c", "bee x"), ("a", "bee y"), ("b", "bee z")));

    [Fact]
    public void Search_TermRepeatedInTheQuery_CountsOnce()
    {
        Bm25Index index = new([new Document("a", "bee wax"), new Document("b", "tide moon")]);
        Assert.Equal(index.Search("bee", 1)[0].Score, index.Search("bee bee BEES", 1)[0].Score);
    }

    [Fact]
    public void Search_NothingShared_FindsNothing() => Assert.Empty(Ranked("zebra", ("a", "bee"), ("b", "tide")));

    [Fact]
    public void Search_NoDocuments_FindsNothing() => Assert.Empty(new Bm25Index([]).Search("bee", 3));

    [Theory]
    [InlineData("How does one tell the distance of lightning from its thunder?", "lightning")]
    [InlineData("How can a sailor tell one lighthouse from another at night?", "lighthouse")]
    [InlineData("Why do we not see an eclipse of the Sun every month?", "eclipse")]
    [InlineData("What do coffee cherries and cacao pods have in common?", "chocolate")]
    public void Search_SamplesQuestions_BestIsTheEntryMeant(string question, string expected) =>
        Assert.Equal(expected, new Bm25Index(RagTexts.Load().Documents).Search(question, 1)[0].Document.Id);

    [Theory]
    [InlineData("Bees, bee's & BEE", "bee bee s bee")]
    [InlineData("glass has gas", "glass has gas")]
    [InlineData("  ", "")]
    [InlineData("in 1802.", "in 1802")]
    public void Of_Text_GivesTerms(string text, string expected) => Assert.Equal(expected, string.Join(' ', Terms.Of(text)));

    private static IEnumerable<string> Ranked(string query, params (string Id, string Text)[] documents) =>
        new Bm25Index(documents.Select(d => new Document(d.Id, d.Text))).Search(query, documents.Length).Select(s => s.Document.Id);
}
