namespace PrefixCache.UnitTests.Matching;

public class BranchPointTests
{
    [Fact]
    public void Store_NotesBehindOnePrefix_ReuseAllOfItFromTheThirdOnThoughTheNotesGo()
    {
        using var node = new NoteNode(pages: 9);
        for (uint note = 0; note < 40; note++)
        {
            var hit = node.Serve(NoteNode.Prompt(note));
            if (note >= 2) Assert.Equal(NoteNode.SharedTokens, hit);
        }

        Assert.True(node.Node.Counters.ChunksEvicted > 30);
        Assert.Equal(1, node.Node.Counters.BranchPointsMade);
        Assert.True(node.Node.Counters.BranchPointsHit >= 37);
    }

    [Fact]
    public void Store_SecondNoteWhenTheFirstHasGone_MakesTheBranchPointFromItsGhost()
    {
        using var node = new NoteNode(pages: 9);
        node.Serve(NoteNode.Prompt(0));
        for (uint other = 0; other < 20; other++) node.Serve(TokenList.Count(256, first: 5_000_000 + (other * 1000)));
        Assert.Equal(0, node.Test.Hit(node.Session, NoteNode.Prompt(0)));

        node.Serve(NoteNode.Prompt(1));

        Assert.Equal(1, node.Node.Counters.BranchPointsMade);
        Assert.Equal(NoteNode.SharedTokens, node.Serve(NoteNode.Prompt(2)));
    }

    [Fact]
    public void Store_TwentyThousandNotes_MakeOneBranchPoint()
    {
        using var node = new NoteNode(pages: 2000);
        for (uint note = 0; note < 20_000; note++) node.Serve(NoteNode.Prompt(note, tokens: 130));
        Assert.Equal(1, node.Node.Counters.BranchPointsMade);
        Assert.Equal(19_998, node.Node.Counters.BranchPointsHit);
    }

    [Fact]
    public void Store_TwentyThousandNotesThatShareWordsByChance_MakeFewBranchPoints()
    {
        using var node = new NoteNode(pages: 2000);
        var random = new Random(11);
        for (uint note = 0; note < 20_000; note++)
        {
            // Notes begin with one of a few words, then another of a few, and so on: any two share some by chance.
            var words = Enumerable.Range(0, 40).SelectMany(_ => Enumerable.Repeat(7_000_000 + (uint)random.Next(6), 3));
            node.Serve([.. TokenList.Count(NoteNode.SharedTokens), .. words, 9_000_000 + note]);
        }

        var counters = node.Node.Counters;
        Assert.InRange(counters.BranchPointsMade, 1, 150);
        Assert.True(counters.BranchPointsHit > 19_000, $"{counters.BranchPointsHit} hits");
    }

    [Fact]
    public void Store_ConversationThatGoesOn_ReplacesItsTailAndMakesNoBranchPoint()
    {
        using var node = new NoteNode(pages: 64);
        for (var tokens = 300; tokens < 2000; tokens += 70)
        {
            node.Serve(TokenList.Count(tokens));
            Assert.Equal(tokens, node.Test.Hit(node.Session, TokenList.Count(tokens)));
        }

        Assert.Equal(0, node.Node.Counters.BranchPointsMade);
        Assert.True(node.Node.Counters.TailsReplaced > 10);
        Assert.Equal(8, node.Test.Now.Chunks);
    }

    [Fact]
    public void Store_MoreSharedRunsThanPlaces_KeepsThoseThatAreHit()
    {
        using var node = new NoteNode(pages: 256);
        for (uint run = 0; run < 12; run++)
        {
            for (uint note = 0; note < 2; note++) node.Serve(Note(run, note));
        }

        Assert.Equal((8, 4), (node.Node.Counters.BranchPointsMade, node.Node.Counters.BranchPointsDropped));

        // A run that many share takes the place of one that nobody uses; one that is used keeps it.
        for (uint note = 2; note < 100; note++)
        {
            node.Serve(Note(11, note));
            node.Serve(Note(0, note));
        }

        Assert.Equal((9, 1), (node.Node.Counters.BranchPointsMade, node.Node.Counters.BranchPointsReplaced));
        Assert.Equal(40, node.Test.Hit(node.Session, [.. Note(0, 0)[..40], 1]));
        Assert.Equal(40, node.Test.Hit(node.Session, [.. Note(11, 0)[..40], 1]));

        static uint[] Note(uint run, uint note) =>
            [.. TokenList.Count(40, first: run * 100), .. TokenList.Count(100, first: 1_000_000 + (run * 100_000) + (note * 200))];
    }

    [Fact]
    public void Store_SourceThatWasDamaged_IsNotCopied()
    {
        using var node = new NoteNode(pages: 64);
        node.Serve(NoteNode.Prompt(0));
        var prompt = NoteNode.Prompt(1);
        var answer = node.Test.Lookup(node.Session, "a", prompt);
        using (var transfer = node.Test.OpenStore(node.Session, answer))
        {
            foreach (var write in transfer.Writes) transfer.Commit(write, new ulong[write.Block.Shape.Segments]);
        }

        node.Test.Done(node.Session, answer);
        Assert.True(SpinWait.SpinUntil(() => node.Test.Now is { BranchPointsPending: 0, Leases: 0 }, TimeSpan.FromSeconds(20)));
        Assert.Equal((0, 1), (node.Node.Counters.BranchPointsMade, node.Node.Counters.BranchPointsDropped));
    }
}
