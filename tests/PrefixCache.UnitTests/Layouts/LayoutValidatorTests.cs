using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Layouts;

public class LayoutValidatorTests
{
    public static TheoryData<string> SoundLayouts => ["llama", "tp2", "tp8", "latent", "mixed", "tiny", "pipeline", "wide"];

    [Theory]
    [MemberData(nameof(SoundLayouts))]
    public void Validate_SoundLayout_FindsNothing(string name) => Assert.Empty(LayoutValidator.Validate(name switch
    {
        "llama" => TestLayouts.Llama8B(),
        "tp2" => TestLayouts.Llama8B(2),
        "tp8" => TestLayouts.Llama8B(8),
        "latent" => TestLayouts.Latent(),
        "mixed" => TestLayouts.Mixed(),
        "pipeline" => Shards(new LayoutShard { Layers = 1, Ranks = [0] }, new LayoutShard { FirstLayer = 1, Layers = 1, Ranks = [1] }),
        "wide" => Shards(new LayoutShard { Layers = 2, Heads = 1, Ranks = [0, 1] },
            new LayoutShard { Layers = 2, FirstHead = 1, Heads = 1, Ranks = [2, 3] }),
        _ => TestLayouts.Tiny(),
    }));

    [Fact]
    public void Validate_NameTooLong_SaysSo() =>
        Fault(TestLayouts.Tiny().With(model: new string('é', 129)), "model has 258 bytes: at most 256");

    [Fact]
    public void Validate_NameAtItsLimit_FindsNothing() =>
        Assert.Empty(LayoutValidator.Validate(TestLayouts.Tiny().With(model: new string('é', 128))));

    [Fact]
    public void Validate_EmptyNames_NamesBoth() =>
        Faults(TestLayouts.Tiny().With(model: "", revision: ""), "model is empty", "revision is empty");

    [Theory]
    [InlineData(KvType.Unspecified, "dtype 0 is unknown")]
    [InlineData((KvType)7, "dtype 7 is unknown")]
    [InlineData(KvType.Float8E4M3, "Float8E4M3 needs a scale_digest")]
    [InlineData(KvType.Float8E5M2, "Float8E5M2 needs a scale_digest")]
    [InlineData(KvType.Int8, "Int8 needs a scale_digest")]
    public void Validate_Type_SaysWhatIsWrong(KvType type, string fault) => Fault(TestLayouts.Tiny().With(type: type), fault);

    [Theory]
    [InlineData(0)]
    [InlineData(-16)]
    [InlineData(8)]
    [InlineData(24)]
    [InlineData(4112)]
    public void Validate_ChunkTokens_SaysWhatIsAllowed(int tokens) =>
        Fault(TestLayouts.Tiny().With(chunkTokens: tokens), $"chunk_tokens is {tokens}: use a multiple of 16 from 16 to 4096");

    [Theory]
    [InlineData(LayerGroupKind.Unspecified, "kind Unspecified is not supported")]
    [InlineData(LayerGroupKind.SlidingWindow, "kind SlidingWindow is not supported")]
    [InlineData(LayerGroupKind.Recurrent, "kind Recurrent is not supported")]
    [InlineData((LayerGroupKind)9, "kind 9 is not supported")]
    public void Validate_GroupKind_IsRefusedByName(LayerGroupKind kind, string fault) =>
        Fault(TestLayouts.Tiny().WithGroup(group => group with { Kind = kind }), "groups[0]: " + fault);

    [Fact]
    public void Validate_NoGroupsAndNoShards_NamesBoth() =>
        Faults(TestLayouts.Tiny().With(groups: [], shards: []), "groups: 0 given, 1 to 64 wanted", "shards: 0 given, 1 to 1024 wanted");

    [Fact]
    public void Validate_TooManyGroupsAndShards_NamesBoth() => Faults(
        TestLayouts.Tiny().With(groups: [.. Enumerable.Repeat(TestLayouts.Tiny().Groups[0], 65)],
            shards: [.. Enumerable.Repeat(TestLayouts.Tiny().Shards[0], 1025)]),
        "groups: 65 given", "shards: 1025 given");

    [Fact]
    public void Validate_GroupNumbers_NamesEachOfThem() => Faults(
        TestLayouts.Tiny().WithGroup(group => group with { Layers = [-1], Planes = 3, Heads = 0, HeadBytes = 65_537 }),
        "groups[0].layers is -1", "groups[0].planes is 3: use 1 to 2", "groups[0].heads is 0: use 1 to 4096",
            "groups[0].head_bytes is 65537: use 1 to 65536");

    [Fact]
    public void Validate_GroupWithoutLayers_SaysSo() =>
        Fault(TestLayouts.Tiny().WithGroup(group => group with { Layers = [] }), "groups[0].layers: 0 given");

    [Fact]
    public void Validate_ShardNumbers_NamesEachOfThem() => Faults(
        Shards(new LayoutShard { FirstLayer = -1, Layers = 0, FirstHead = -1, Heads = -1, Ranks = [] },
            new LayoutShard { Layers = 1, FirstHead = 1, Ranks = [3, 1024, 3] }),
        "shards[0].first_layer is -1", "shards[0].layers is 0", "shards[0].first_head is -1", "shards[0].heads is -1",
            "shards[0].ranks: 0 given",
        "shards[1]: first_head is 1 but heads is 0", "shards[1].ranks is 1024: use 0 to 1023", "shards[1].ranks names a rank twice");

    [Fact]
    public void Validate_FaultsOfNamesGroupsAndShards_AreToldTogether() => Faults(
        TestLayouts.Tiny().With(model: "", type: KvType.Unspecified, chunkTokens: 7)
            .WithGroup(group => group with { Kind = LayerGroupKind.Recurrent })
            .WithShard(shard => shard with { Ranks = [] }),
        "model is empty", "dtype 0 is unknown", "chunk_tokens is 7", "kind Recurrent is not supported", "shards[0].ranks: 0 given");

    [Fact]
    public void Validate_LayerTwice_SaysWhich() =>
        Fault(TestLayouts.Tiny().WithGroup(group => group with { Layers = [0, 1, 1] }), "layer 1 is in two groups");

    [Fact]
    public void Validate_LayerMissing_SaysWhich() =>
        Fault(TestLayouts.Tiny().WithGroup(group => group with { Layers = [0, 2] }), "layer 1 is in no group");

    [Fact]
    public void Validate_ShardBeyondTheLayers_SaysWhich() =>
        Fault(Shards(new LayoutShard { Layers = 3 }), "shards[0] ends at layer 3: the layout has 2 layers");

    [Fact]
    public void Validate_ShardBeyondTheHeads_SaysWhich() =>
        Fault(Shards(new LayoutShard { Layers = 2, Heads = 3 }), "shards[0] ends at head 3: layer 0 has 2 heads");

    [Fact]
    public void Validate_LayerInNoShard_SaysWhich() => Fault(Shards(new LayoutShard { Layers = 1 }), "head 0 of layer 1 is in no shard");

    [Theory]
    [InlineData(0, 1, "head 1 of layer 0 is in no shard")]
    [InlineData(1, 1, "head 0 of layer 0 is in no shard")]
    public void Validate_HeadInNoShard_SaysWhich(int first, int heads, string fault) =>
        Fault(Shards(new LayoutShard { Layers = 2, FirstHead = first, Heads = heads }), fault);

    [Fact]
    public void Validate_HeadInTwoShards_SaysWhichAndWhatToDo() => Fault(
        Shards(new LayoutShard { Layers = 2 }, new LayoutShard { Layers = 2, FirstHead = 1, Heads = 1 }),
        "head 1 of layer 0 is in two shards; name several ranks in one shard instead");

    [Fact]
    public void Validate_HeadsDifferInAMiddleLayer_SaysWhich() => Fault(
        TestLayouts.Tiny().With(
            groups: [new LayerGroup { Layers = [0, 1, 3], Heads = 2, HeadBytes = 4 },
                new LayerGroup { Layers = [2], Heads = 3, HeadBytes = 4 }],
            shards: [new LayoutShard { Layers = 4, Heads = 2 }]),
        "head 2 of layer 2 is in no shard");

    [Fact]
    public void Validate_LayersBetweenTwoStages_SaysWhich() => Fault(
        TestLayouts.Llama8B().With(shards: [new LayoutShard { Layers = 16 },
            new LayoutShard { FirstLayer = 17, Layers = 15, Ranks = [1] }]),
        "head 0 of layer 16 is in no shard");

    [Fact]
    public void Validate_LargestOverlap_IsAnsweredWithoutAPartForEveryLayer()
    {
        var layers = Enumerable.Range(0, LayoutValidator.MaxLayers).ToArray();
        var layout = TestLayouts.Tiny().With(
            groups: [new LayerGroup { Layers = layers, Heads = LayoutValidator.MaxHeads, HeadBytes = 1 }],
            shards: [.. Enumerable.Range(0,
                LayoutValidator.MaxShards).Select(_ => new LayoutShard { Layers = LayoutValidator.MaxLayers })]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Fault(layout, "head 0 of layer 0 is in two shards");

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Validate_TooManySlabs_SaysHowMany() => Fault(
        TestLayouts.Tiny().With(
            groups: [new LayerGroup { Layers = [.. Enumerable.Range(0, 1024)], Heads = 128, HeadBytes = 1 }],
            shards: [.. Enumerable.Range(0,
                128).Select(rank => new LayoutShard { Layers = 1024, FirstHead = rank, Heads = 1, Ranks = [rank] })]),
        "the shards have 262144 (layer, plane) slabs together: at most 131072");

    [Fact]
    public void Validate_ShardTooLarge_SaysHowLarge() => Fault(
        TestLayouts.Tiny().With(chunkTokens: 4096).WithGroup(group => group with { HeadBytes = 65_536, Heads = 2 }),
        "shards[0] has 2147483648 bytes a chunk: at most 1073741824");

    private static KvLayout Shards(params LayoutShard[] shards) => TestLayouts.Tiny().With(shards: shards);

    private static void Fault(KvLayout layout, string expected) => Faults(layout, expected);

    /// <summary>Exactly these faults, in this order.</summary>
    private static void Faults(KvLayout layout, params string[] expected)
    {
        var faults = LayoutValidator.Validate(layout);
        Assert.Equal(expected.Length, faults.Count);
        Assert.All(expected.Zip(faults), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
    }
}
