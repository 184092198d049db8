using PrefixCache.Core.Index;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Matching;

public class MissReasonTests
{
    [Fact]
    public void Lookup_OfWhatWasNeverThereOrHadToGo_SaysWhich()
    {
        using var node = new NoteNode(pages: 4, options => options with { Eviction = "lru" });
        Assert.Equal([MissReason.NeverSeen], node.Misses(NoteNode.Prompt(0)));
        node.Serve(TokenList.Count(1024));
        for (uint other = 1; other < 3; other++) node.Serve(TokenList.Count(512, first: other * 100_000));

        Assert.Equal([MissReason.Evicted, MissReason.NeverSeen], node.Misses(TokenList.Count(1300)));
        Assert.Equal(1024, node.Node.Counters.MissedFor(MissReason.Evicted));
    }

    [Fact]
    public void Lookup_OfWhatIsBeingStored_IsPending()
    {
        using var node = new NoteNode(pages: 16);
        var answer = node.Test.Lookup(node.Session, "a", TokenList.Count(256));
        using (node.Test.OpenStore(node.Session, answer))
            Assert.Equal([MissReason.Pending], node.Misses(TokenList.Count(256)));
        Assert.Equal([MissReason.NeverSeen], node.Misses(TokenList.Count(256)));
    }

    [Fact]
    public void Lookup_CutByTheAlignment_IsPolicy()
    {
        using var node = new NoteNode(pages: 16);
        node.Serve(TokenList.Count(300));
        Assert.Equal([MissReason.Policy], node.Misses(TokenList.Count(300), align: 16));
    }

    [Fact]
    public void Lookup_OfWhatFoundNoMemory_IsQuota()
    {
        using var node = new NoteNode(pages: 2);
        node.Serve(TokenList.Count(512));
        var held = node.Test.Lookup(node.Session, "held", TokenList.Count(512));
        node.Serve(TokenList.Count(256, first: 9000));
        Assert.Equal([MissReason.Quota], node.Misses(TokenList.Count(256, first: 9000)));
        node.Test.Done(node.Session, held);
    }

    [Fact]
    public void Lookup_OfWhatIsThereUnderAnotherLayout_IsLayout()
    {
        using var node = new NoteNode(pages: 16);
        node.Serve(TokenList.Count(600));
        var other = TestNode.Value(node.Node.Layouts.Register(KvLayout.Uniform("notes", "other weights", KvType.BFloat16, 1, 1, 4, 512)));
        var answer = node.Test.Lookup(node.Session, "a", TokenList.Count(600), layout: other);
        Assert.Equal(MissReason.Layout, Assert.Single(answer.Misses).Reason);
    }
}
