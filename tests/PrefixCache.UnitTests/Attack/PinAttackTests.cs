using System.Runtime.InteropServices;
using PrefixCache.Core.Pins;
using PrefixCache.Core.Results;
using PrefixCache.Core.Tokens;

namespace PrefixCache.UnitTests.Attack;

/// <summary>Pins of nothing, and of items without order.</summary>
public class PinAttackTests
{
    [Fact]
    public void Unpin_OfWhatWasNotThere_LeavesWhatCameSince()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        var pin = TestNode.Value(node.Node.Pins.Pin(new PinQuery(session, node.Layout, "", "", null), TokenList.Buffer(TokenList.Count(32))));
        Assert.Equal(0, node.Hit(session, TokenList.Count(48)));

        node.Put(session, TokenList.Count(48));
        Assert.Null(node.Node.Pins.Unpin(session, pin.Id));

        Assert.Equal(48, node.Hit(session, TokenList.Count(48)));
        node.Node.ClearTenant(session);
        node.AssertEmpty();
    }

    [Fact]
    public void Pin_OfWhatIsNotThere_IsRenewedWhenItHasCome()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        var query = new PinQuery(session, node.Layout, "", "", null);
        var pin = TestNode.Value(node.Node.Pins.Pin(query, TokenList.Buffer(TokenList.Count(32))));
        node.Put(session, TokenList.Count(32));

        var renewed = TestNode.Value(node.Node.Pins.Pin(query, TokenList.Buffer(TokenList.Count(32))));

        Assert.Equal((pin.Id, 32), (renewed.Id, renewed.Tokens));
        Assert.Null(node.Node.Pins.Unpin(session, pin.Id));
        node.AssertIdle();
    }

    [Fact]
    public void Pin_ItemsOutOfOrder_IsRefusedAndLeavesNoNamespace()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        for (var round = 0; round < 3; round++)
        {
            MultimodalItem[] items = [new(40, [1]), new(20, [2]), new(0, [3])];
            var tokens = new TokenBuffer(48, items);
            MemoryMarshal.AsBytes<uint>(TokenList.Count(48)).CopyTo(tokens.Memory.Span);
            TestNode.Fails(CacheStatus.InvalidArgument, "rising positions",
                node.Node.Pins.Pin(new PinQuery(session, node.Layout, $"{round}", "", null), tokens));
        }

        node.AssertEmpty();
    }
}
