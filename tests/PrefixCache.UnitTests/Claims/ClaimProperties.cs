using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.UnitTests.Matching;

namespace PrefixCache.UnitTests.Claims;

public class ClaimProperties
{
    private const int ChunkTokens = TestNode.ChunkTokens;

    /// <summary>Few tokens and long runs, so that prompts share beginnings of every length.</summary>
    private static readonly Gen<Prompt> Prompts =
        from runs in (from token in Gen.Choose(1, 2) from length in Gen.Choose(1, 40) select Enumerable.Repeat((uint)token, length))
            .NonEmptyListOf()
        let tokens = runs.Take(4).SelectMany(run => run).ToArray()
        from items in (from position in Gen.Choose(0, tokens.Length - 1) from digest in Gen.Choose(1, 2) select (position, digest)).ListOf()
        select new Prompt(tokens, [.. items.Take(2).DistinctBy(item => item.position).OrderBy(item => item.position)
            .Select(item => new MultimodalItem(item.position, [(byte)item.digest]))]);

    /// <summary>
    /// What a lookup calls pending is exactly what it will hit when the claim's prompt is stored, where that is enough to wait for; and
    /// never more than the two prompts have in common.
    /// </summary>
    [Fact]
    public void Lookup_BesideAnyClaim_PendingIsWhatItWillHit()
    {
        var pairs =
            from shared in Prompts
            from ready in Prompts
            from claimed in Gen.OneOf(Prompts, Prompts.Select(rest => Join(shared, rest)))
            from asked in Gen.OneOf(Prompts, Prompts.Select(rest => Join(shared, rest)))
            from align in Gen.Elements(1, 1, 4, 16)
            from min in Gen.Elements(0, 1, 3, 16)
            select (ready, claimed, asked, align, min);
        var waited = 0;
        Prop.ForAll(pairs.ToArbitrary(), run =>
        {
            using var node = new TestNode(change: options => options with { MinPartialTokens = run.min });
            var session = node.Scheduler();
            var owner = Ask(node, session, "ready", run.ready, 1);
            node.Store(session, owner, run.ready.Tokens);
            owner = Ask(node, session, "claimed", run.claimed, 1);
            var claim = node.Node.Claims.ClaimAsync(session, owner.Reservation).AsTask();
            Assert.True(claim.IsCompleted);
            var before = Ask(node, session, "asked", run.asked, run.align);
            node.Store(session, owner, run.claimed.Tokens);
            var after = Ask(node, session, "asked", run.asked, run.align);

            if (before.PendingTokens > before.HitTokens) waited++;
            Assert.InRange(before.PendingTokens, before.HitTokens, run.asked.Tokens.Length);
            if (before.PendingTokens > before.HitTokens) Assert.Equal(after.HitTokens, before.PendingTokens);

            // What two requests share for less than 16 tokens behind a chunk is not worth a wait, nor is less than the least run.
            else if (Common(run.claimed, run.asked, before.HitTokens / ChunkTokens * ChunkTokens) >= ChunkTokens)
                Assert.InRange(after.HitTokens - before.HitTokens, 0, Math.Max(run.min - 1, 0) + run.align - 1);
            Assert.Equal(after.HitTokens, after.PendingTokens);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithStartSize(5).WithEndSize(30));
        Assert.True(waited > 60, $"only {waited} had something to wait for");
    }

    private static Prompt Join(Prompt first, Prompt rest) => new(
        [.. first.Tokens, .. rest.Tokens],
        [.. first.Items, .. rest.Items.Select(item => item with { Position = item.Position + first.Tokens.Length })]);

    private static LookupAnswer Ask(TestNode node, Core.Sessions.Session session, string request, Prompt prompt, int align)
    {
        var tokens = new TokenBuffer(prompt.Tokens.Length, prompt.Items);
        TokenList.Bytes(prompt.Tokens).CopyTo(tokens.Memory);
        return TestNode.Value(node.Node.Lookups.Lookup(new LookupQuery(session, request, node.Layout, "", "", 0, align), tokens));
    }

    /// <summary>Tokens that both have alike from a chunk's start on, one after the other.</summary>
    private static int Common(Prompt left, Prompt right, int first)
    {
        var common = first;
        while (common < Math.Min(left.Tokens.Length, right.Tokens.Length) && IsSame(left, right, common)) common++;
        return common - first;
    }

    private static bool IsSame(Prompt left, Prompt right, int position) => left.Tokens[position] == right.Tokens[position]
        && Digest(left, position) == Digest(right, position);

    private static int Digest(Prompt prompt, int position) =>
        prompt.Items.Where(item => item.Position == position).Select(item => (int)item.Digest[0]).SingleOrDefault();
}
