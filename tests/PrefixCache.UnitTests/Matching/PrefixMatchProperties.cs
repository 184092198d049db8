using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Tokens;

namespace PrefixCache.UnitTests.Matching;

public class PrefixMatchProperties
{
    /// <summary>Few tokens and a few common beginnings, so that prompts share runs of every length.</summary>
    private static readonly Gen<uint[]> Tokens =
        from runs in (from token in Gen.Choose(1, 3) from length in Gen.Choose(1, 14) select Enumerable.Repeat((uint)token, length))
            .NonEmptyListOf()
        select runs.Take(6).SelectMany(run => run).ToArray();

    private static readonly Gen<Prompt> Plain = from tokens in Tokens select new Prompt(tokens, []);

    private static readonly Gen<Prompt> WithItems =
        from tokens in Tokens
        from items in (from position in Gen.Choose(0, tokens.Length - 1) from digest in Gen.Choose(1, 2) select (position, digest)).ListOf()
        select new Prompt(tokens, [.. items.Take(3).DistinctBy(item => item.position).OrderBy(item => item.position)
            .Select(item => new MultimodalItem(item.position, [(byte)item.digest, 0]))]);

    /// <summary>
    /// Under any order of stores, evictions and branch points: the hit is the longest prefix that the stored chunks can serve, and its
    /// bytes are those that were stored, for every shard.
    /// </summary>
    [Theory]
    [InlineData(false, 200)]
    [InlineData(true, 200)]
    [InlineData(false, 10)]
    [InlineData(true, 10)]
    public void Lookup_AnyStoresAndEvictions_HitsTheLongestPrefixAndItsBytes(bool items, int pages)
    {
        var step =
            from prompt in items ? WithItems : Plain
            from align in Gen.Elements(1, 1, 1, 4, 7, 16)
            from shards in Gen.Elements(2, 2, 2, 2, 1)
            select (prompt, align, shards);
        var sequence =
            from minTokens in Gen.Elements(0, 1, 3, 5)
            from count in Gen.Choose(1, 50)
            from steps in step.ArrayOf(count)
            select (minTokens, steps);
        var made = 0L;
        Prop.ForAll(sequence.ToArbitrary(), run =>
        {
            using var model = new MatchModel(pages, run.minTokens);
            foreach (var (prompt, align, shards) in run.steps) model.Serve(prompt, align, shards);
            made += model.BranchPointsMade;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithStartSize(5).WithEndSize(40));
        Assert.True(made > 50, $"only {made} branch points were made");
    }
}
