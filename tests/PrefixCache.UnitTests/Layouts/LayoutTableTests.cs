using PrefixCache.Core.Layouts;
using PrefixCache.Core.Results;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Layouts;

public class LayoutTableTests
{
    [Fact]
    public void Register_TheSameTwice_AnswersWithTheFirst()
    {
        var table = new LayoutTable(4);
        var first = TestNode.Value(table.Register(TestLayouts.Tiny()));

        Assert.Same(first, TestNode.Value(table.Register(TestLayouts.Tiny())));
        Assert.Same(first, TestNode.Value(table.Find(first.Id.ToArray())));
    }

    [Fact]
    public void Register_Faulty_NamesEveryFault()
    {
        var faulty = TestLayouts.Tiny().With(model: "").WithGroup(group => group with { Kind = LayerGroupKind.SlidingWindow });
        var result = new LayoutTable(4).Register(faulty);

        TestNode.Fails(CacheStatus.InvalidArgument, "model is empty; groups[0]: kind SlidingWindow", result);
    }

    [Fact]
    public void Register_AThousandFaults_TellsSomeAndCountsTheRest()
    {
        var shards = Enumerable.Repeat(new LayoutShard { Layers = 0, Ranks = [] }, 1000).ToArray();
        var result = new LayoutTable(4).Register(TestLayouts.Tiny().With(shards: shards));

        TestNode.Fails(CacheStatus.InvalidArgument, "and 1976 more", result);
        Assert.True(result.Error!.Message.Length < 4096);
    }

    [Fact]
    public void Register_OverTheLimit_IsRefusedButKnownOnesStay()
    {
        var table = new LayoutTable(1);
        TestNode.Value(table.Register(TestLayouts.Tiny()));

        TestNode.Fails(CacheStatus.ResourceExhausted, "max-layouts", table.Register(TestLayouts.Latent()));
        TestNode.Value(table.Register(TestLayouts.Tiny()));
    }

    [Fact]
    public void Find_Unknown_SaysToRegister()
    {
        var table = new LayoutTable(1);

        TestNode.Fails(CacheStatus.NotFound, "register it first", table.Find(TestLayouts.Tiny().Id.ToArray()));
        TestNode.Fails(CacheStatus.InvalidArgument, "layout_id has 3 bytes", table.Find([1, 2, 3]));
    }
}
