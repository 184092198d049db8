using PrefixCache.Core.Index;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Matching;

public class AdmissionTests
{
    [Fact]
    public void Store_OnReuse_KeepsWhatIsOfferedTwiceAndOfTheRestWhatIsShared()
    {
        using var node = new NoteNode(64, options => options with { Admission = AdmissionMode.OnReuse });

        Assert.Equal(0, node.Serve(NoteNode.Prompt(0)));
        Assert.Equal(0, node.Test.Now.Blocks);
        Assert.Equal(0, node.Serve(NoteNode.Prompt(1)));
        Assert.Equal(4, node.Test.Now.Blocks);

        // The shared run of the fourth chunk came from its writer, cut: no note was ever stored.
        for (uint note = 2; note < 30; note++) Assert.Equal(NoteNode.SharedTokens, node.Serve(NoteNode.Prompt(note)));
        Assert.Equal(4, node.Test.Now.Blocks);
        Assert.Equal(1200, Twice(node, NoteNode.Prompt(5)));
    }

    [Fact]
    public void Store_OnReuseWithTwoShards_CountsTheRanksOfARequestOnce()
    {
        using var node = new TestNode(layout: TestNode.TwoShards(), change: options => options with { Admission = AdmissionMode.OnReuse });
        var session = node.Scheduler();
        var tokens = TokenList.Count(40);
        for (var offer = 0; offer < 2; offer++)
        {
            var answer = node.Lookup(session, "a", tokens);
            Assert.Equal(offer * 3, node.Store(session, answer, tokens, 0).Count);
            Assert.Equal(offer * 3, node.Store(session, answer, tokens, 1).Count);
            node.Done(session, answer);
        }

        Assert.Equal(40, node.Hit(session, tokens));
    }

    [Fact]
    public void Store_Adaptive_BecomesSelectiveWhereChunksComeAgainTooLateAndBack()
    {
        using var node = new NoteNode(8, options => options with { Admission = AdmissionMode.Adaptive });

        // Every prompt comes again once, after more than the tier holds.
        for (uint prompt = 20; prompt < 400; prompt++)
            for (uint back = 0; back <= 20; back += 20) node.Serve(TokenList.Count(256, first: (prompt - back) * 1000));
        var refused = node.Node.Counters.RefusedFor(RefusalReason.NotReused);
        for (uint prompt = 500; prompt < 510; prompt++) node.Serve(TokenList.Count(256, first: prompt * 1000));
        Assert.Equal(10, node.Node.Counters.RefusedFor(RefusalReason.NotReused) - refused);

        // Prompts that come again at once.
        for (uint prompt = 1000; prompt < 1400; prompt++)
            for (var again = 0; again < 2; again++) node.Serve(TokenList.Count(256, first: prompt * 1000));
        refused = node.Node.Counters.RefusedFor(RefusalReason.NotReused);
        node.Serve(TokenList.Count(256, first: 9_000_000));
        Assert.Equal(refused, node.Node.Counters.RefusedFor(RefusalReason.NotReused));
    }

    [Fact]
    public void Store_BeyondItsLimit_IsRefusedAndNotRemembered()
    {
        using var node = new NoteNode(64);
        node.Serve(NoteNode.Prompt(0), storeLimit: NoteNode.SharedTokens);
        Assert.Equal(4, node.Test.Now.Blocks);
        Assert.Equal(1, node.Node.Counters.RefusedFor(RefusalReason.StoreLimit));
        Assert.Equal(NoteNode.SharedTokens, node.Serve(NoteNode.Prompt(0), storeLimit: NoteNode.SharedTokens));
        Assert.Equal([MissReason.NeverSeen], node.Misses(NoteNode.Prompt(0)));
        Assert.Equal(0, node.Test.Now.Ghosts);

        node.Serve(TokenList.Count(500, first: 77), storeLimit: 0);
        Assert.Equal(4, node.Test.Now.Blocks);
    }

    private static int Twice(NoteNode node, uint[] prompt)
    {
        node.Serve(prompt);
        node.Serve(prompt);
        return node.Serve(prompt);
    }
}
