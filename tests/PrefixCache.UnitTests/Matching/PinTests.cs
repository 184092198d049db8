using PrefixCache.Core.Pins;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Matching;

public class PinTests
{
    [Fact]
    public void Pin_UnderPressure_StaysUntilItsTimeIsOver()
    {
        using var node = new NoteNode(pages: 8, options => options with { Pins = new PinOptions { MaxShare = 0.75 } });
        node.Serve(TokenList.Count(700));
        var pin = Pin(node, TokenList.Count(700), TimeSpan.FromMinutes(5));
        Assert.Equal((700, 3L), (pin.Tokens, node.Test.Now.PinnedChunks));

        Press(node, 1);
        Assert.Equal(700, node.Test.Hit(node.Session, TokenList.Count(700)));

        node.Test.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(pin.Id, Pin(node, TokenList.Count(700), TimeSpan.FromMinutes(5)).Id);
        node.Test.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(3, node.Test.Now.PinnedChunks);
        node.Test.Time.Advance(TimeSpan.FromMinutes(2));
        node.Node.Pins.EndExpired();
        Assert.Equal((0L, 0L, 0L), (node.Test.Now.PinnedChunks, node.Test.Now.PinnedBytes, node.Test.Now.Leases));
        Press(node, 2);
        Assert.Equal(0, node.Test.Hit(node.Session, TokenList.Count(700)));
    }

    [Fact]
    public void Pin_MoreThanItsNamespaceMay_IsRefusedAndPinsNothing()
    {
        using var node = new NoteNode(pages: 8);
        node.Serve(TokenList.Count(700));
        Refused(node, TokenList.Count(700), CacheStatus.ResourceExhausted, "the limit is 8192");
        Assert.Equal(0, node.Test.Now.Leases);
        Assert.Equal(512, Pin(node, TokenList.Count(512), null).Tokens);
        Refused(node, TokenList.Count(700), CacheStatus.ResourceExhausted, "12288 bytes would be pinned");
    }

    [Fact]
    public void Unpin_OrClear_LetsItGo()
    {
        using var node = new NoteNode(pages: 8);
        node.Serve(TokenList.Count(512));
        var pin = Pin(node, TokenList.Count(512), null);
        var stranger = node.Test.Scheduler("other", "somebody else");
        Assert.Equal(CacheStatus.NotFound, node.Node.Pins.Unpin(stranger, pin.Id)!.Status);
        Assert.Null(node.Node.Pins.Unpin(node.Session, pin.Id));
        Assert.Equal(CacheStatus.NotFound, node.Node.Pins.Unpin(node.Session, pin.Id)!.Status);
        Pin(node, TokenList.Count(512), null);
        node.Node.ClearTenant(node.Session);
        node.Test.AssertEmpty();
    }

    [Fact]
    public void Pin_WithBadArguments_IsRefused()
    {
        using var node = new NoteNode(pages: 8);
        Refused(node, TokenList.Count(5), CacheStatus.InvalidArgument, "max-pin-time", TimeSpan.FromDays(2));
        var reader = TestNode.Value(node.Node.Sessions.Open(new SessionRequest("default", "reader", SessionRole.Scheduler, IsReadOnly: true)));
        TestNode.Fails(CacheStatus.FailedPrecondition, "read_only",
            node.Node.Pins.Pin(new PinQuery(reader, node.Test.Layout, "", "", null), TokenList.Buffer(TokenList.Count(5))));
        node.Test.AssertEmpty();
    }

    private static PinAnswer Pin(NoteNode node, uint[] tokens, TimeSpan? time) => TestNode.Value(
        node.Node.Pins.Pin(new PinQuery(node.Session, node.Test.Layout, "", "", time), TokenList.Buffer(tokens)));

    private static void Refused(NoteNode node, uint[] tokens, CacheStatus status, string text, TimeSpan? time = null) => TestNode.Fails(status, text,
        node.Node.Pins.Pin(new PinQuery(node.Session, node.Test.Layout, "", "", time), TokenList.Buffer(tokens)));

    private static void Press(NoteNode node, uint round)
    {
        for (uint other = 0; other < 20; other++) node.Serve(TokenList.Count(256, first: (round * 1_000_000) + (other * 1000)));
    }
}
