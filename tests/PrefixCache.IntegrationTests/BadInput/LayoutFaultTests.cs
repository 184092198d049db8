using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;

namespace PrefixCache.IntegrationTests.BadInput;

public sealed class LayoutFaultTests
{
    private static readonly Dictionary<string, (Action<KvLayout> Spoil, string Says)> Faults = new()
    {
        ["no model"] = (layout => layout.Model = "", "model is empty"),
        ["long model"] = (layout => layout.Model = new string('m', 257), "model has 257 bytes"),
        ["no revision"] = (layout => layout.Revision = "", "revision is empty"),
        ["no type"] = (layout => layout.Dtype = KvType.Unspecified, "dtype 0 is unknown"),
        ["unknown type"] = (layout => layout.Dtype = (KvType)77, "dtype 77 is unknown"),
        ["no scale digest"] = (layout => layout.Dtype = KvType.I8, "needs a scale_digest"),
        ["long scale digest"] = (layout => layout.ScaleDigest = new string('s', 300), "scale_digest has 300 bytes"),
        ["odd chunk"] = (layout => layout.ChunkTokens = 33, "chunk_tokens is 33"),
        ["huge chunk"] = (layout => layout.ChunkTokens = uint.MaxValue, "chunk_tokens is 2147483647"),
        ["no groups"] = (layout => layout.Groups.Clear(), "groups: 0 given"),
        ["no shards"] = (layout => layout.Shards.Clear(), "shards: 0 given"),
        ["sliding window"] = (layout => layout.Groups[0].Kind = LayerGroup.Types.Kind.SlidingWindow,
            "groups[0]: kind SlidingWindow is not supported"),
        ["recurrent"] = (layout => layout.Groups[0].Kind = LayerGroup.Types.Kind.Recurrent, "groups[0]: kind Recurrent is not supported"),
        ["no kind"] = (layout => layout.Groups[0].Kind = LayerGroup.Types.Kind.Unspecified, "is not supported"),
        ["unknown kind"] = (layout => layout.Groups[0].Kind = (LayerGroup.Types.Kind)17, "kind 17 is not supported"),
        ["no layers"] = (layout => layout.Groups[0].Layers.Clear(), "groups[0].layers: 0 given"),
        ["layer gap"] = (layout => layout.Groups[0].Layers[3] = 4, "layer 3 is in no group"),
        ["layer twice"] = (layout => layout.Groups[0].Layers[3] = 2, "layer 2 is in two groups"),
        ["huge layer"] = (layout => layout.Groups[0].Layers[3] = uint.MaxValue, "groups[0].layers is 2147483647"),
        ["three planes"] = (layout => layout.Groups[0].Planes = 3, "groups[0].planes is 3"),
        ["no heads"] = (layout => layout.Groups[0].Heads = 0, "groups[0].heads is 0"),
        ["no head bytes"] = (layout => layout.Groups[0].HeadBytes = 0, "groups[0].head_bytes is 0"),
        ["huge shard"] = (layout => (layout.Groups[0].Heads, layout.Groups[0].HeadBytes) = (4096, 65_536), "bytes a chunk: at most"),
        ["shard too high"] = (layout => layout.Shards[0].Layers = 5, "shards[0] ends at layer 5"),
        ["layer in no shard"] = (layout => layout.Shards[0].Layers = 3, "of layer 3 is in no shard"),
        ["heads in no shard"] = (layout => layout.Shards[0].Heads = 1, "head 1 of layer 0 is in no shard"),
        ["head in two shards"] = (layout => layout.Shards.Add(new Shard { Layers = 4, Ranks = { 1 } }), "is in two shards"),
        ["too many heads"] = (layout => layout.Shards[0].Heads = 3, "shards[0] ends at head 3"),
        ["no ranks"] = (layout => layout.Shards[0].Ranks.Clear(), "shards[0].ranks: 0 given"),
        ["huge rank"] = (layout => layout.Shards[0].Ranks[0] = 1024, "shards[0].ranks is 1024"),
        ["rank twice"] = (layout => layout.Shards[0].Ranks.Add(0), "shards[0].ranks names a rank twice"),
    };

    public static TheoryData<string> Names => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task RegisterLayout_WithAFault_NamesIt(string fault)
    {
        await using var node = await RunningNode.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        var before = node.Node.Snapshot();
        var layout = RawLayout.Sound();
        Faults[fault].Spoil(layout);
        await Fails.WithAsync(StatusCode.InvalidArgument, Faults[fault].Says, () => session.RegisterAsync(layout));
        Assert.Equal(before, node.Node.Snapshot());
    }

    [Fact]
    public async Task RegisterLayout_WithSeveralFaults_NamesAll()
    {
        await using var node = await RunningNode.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        var layout = RawLayout.Sound();
        (layout.Model, layout.Revision, layout.ChunkTokens) = ("", "", 7);
        await Fails.WithAsync(StatusCode.InvalidArgument, "model is empty; revision is empty; chunk_tokens is 7",
            () => session.RegisterAsync(layout));
    }

    [Fact]
    public async Task RegisterLayout_WithNone_SaysSo()
    {
        await using var node = await RunningNode.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        await Fails.WithAsync(StatusCode.InvalidArgument, "no layout", () => session.RegisterAsync(null!));
    }

    [Fact]
    public async Task RegisterLayout_Twice_AnswersAlikeWithTheClientsArithmetic()
    {
        await using var node = await RunningNode.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        var first = await session.RegisterAsync(RawLayout.Sound());
        Assert.Equal(first, await session.RegisterAsync(RawLayout.Sound()));
        Assert.Equal(TestKv.Layout().Id.ToArray(), first.ToByteArray());
        Assert.Equal(TestKv.TwoRankLayout().Id.ToArray(), (await session.RegisterAsync(RawLayout.TwoRanks())).ToByteArray());
    }
}
