using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;
using PrefixCache.UnitTests.Copying;

namespace PrefixCache.UnitTests.Tiles;

/// <summary>Tokens of a segment between contiguous memory and the caller's, of every kind, both ways.</summary>
public sealed unsafe class TileCopyTests : IDisposable
{
    private const int PageTokens = 16;
    private const int SequenceTokens = 70;
    private const int Segment = 3;

    private readonly List<GuardedBlock> _blocks = [];

    public void Dispose() => _blocks.ForEach(block => ((IDisposable)block).Dispose());

    public static TheoryData<string, int, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int, int, int>();
            foreach (var kind in (string[])["contiguous", "token-major", "strided", "head-major"])
            {
                // Heads, bytes of a head: usual ones, and some that are no multiple of 64.
                foreach (var (heads, headBytes) in ((int, int)[])[(8, 256), (2, 128), (1, 64), (3, 40), (5, 2)])
                {
                    cases.Add(kind, heads, headBytes, 0, SequenceTokens);
                    cases.Add(kind, heads, headBytes, 5, 40);
                    cases.Add(kind, heads, headBytes, 33, 1);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_AnyMemory_PutsTokensInPlaceAndNothingElse(string kind, int heads, int headBytes, int first, int count)
    {
        var shape = Shape(heads, headBytes);
        var tokens = new SegmentTokens(Segment, first, count, heads * headBytes);
        var flat = Block(tokens.Bytes).FillRandom(new Random(1));
        foreach (var hashed in (bool[])[false, true])
        {
            var memory = Make(kind, shape, heads);
            var hash = hashed ? TileCopy.LoadHashed(flat.Pointer, memory.Kv, tokens) : 0;
            if (!hashed) TileCopy.Load(flat.Pointer, memory.Kv, tokens);
            if (hashed) Assert.Equal(Xxh3.Hash64(flat.GetSpan()), hash);
            for (var token = 0; token < count; token++)
                for (var i = 0; i < tokens.BytesPerToken; i++)
                    Assert.Equal(flat.GetSpan()[(token * tokens.BytesPerToken) + i], memory.At(first + token, i));
            Assert.Equal(tokens.Bytes, memory.Block.GetSpan().Length - memory.Block.GetSpan().Count(GuardedBlock.Guard));
            memory.Block.AssertGuards();
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Store_AnyMemory_GathersTokens(string kind, int heads, int headBytes, int first, int count)
    {
        var memory = Make(kind, Shape(heads, headBytes), heads);
        memory.Block.FillRandom(new Random(2));
        var tokens = new SegmentTokens(Segment, first, count, heads * headBytes);
        var expected = new byte[tokens.Bytes];
        for (var i = 0; i < expected.Length; i++) expected[i] = memory.At(first + (i / tokens.BytesPerToken), i % tokens.BytesPerToken);
        foreach (var hashed in (bool[])[false, true])
        {
            var flat = Block(tokens.Bytes);
            var hash = hashed ? TileCopy.StoreHashed(memory.Kv, flat.Pointer, tokens) : 0;
            if (!hashed) TileCopy.Store(memory.Kv, flat.Pointer, tokens);
            if (hashed) Assert.Equal(Xxh3.Hash64(expected), hash);
            Assert.True(flat.GetSpan().SequenceEqual(expected), "The gathered bytes are not the tokens'.");
            flat.AssertGuards();
        }
    }

    [Theory]
    [InlineData("token-major")]
    [InlineData("strided")]
    [InlineData("head-major")]
    public void LoadAndStore_Pages_AllocateNothing(string kind)
    {
        var memory = Make(kind, Shape(8, 256), 8);
        var tokens = new SegmentTokens(Segment, 0, SequenceTokens, 2_048);
        var flat = Block(tokens.Bytes).FillRandom(new Random(3));
        var sum = BothWays(flat, memory.Kv, tokens);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++) sum ^= BothWays(flat, memory.Kv, tokens);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(0UL, sum);
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(11, 64)]
    [InlineData(10, 32)]
    public void Load_TileThatDoesNotFit_ThrowsAndWritesNothing(int tileTokens, int bytesPerToken)
    {
        var block = Block(1_024);
        var tile = tileTokens == 0 ? default : KvTile.Contiguous(block.Memory[..(tileTokens * bytesPerToken)], bytesPerToken);
        var tokens = new SegmentTokens(Segment, 0, 10, 64);
        var flat = Block(tokens.Bytes).FillRandom(new Random(4));
        Assert.Throws<InvalidOperationException>(() => TileCopy.Load(flat.Pointer, new Lying(tile), tokens));
        Assert.False(block.GetSpan().ContainsAnyExcept(GuardedBlock.Guard));
    }

    private static ulong BothWays(GuardedBlock flat, IKvMemory memory, in SegmentTokens tokens)
    {
        TileCopy.Load(flat.Pointer, memory, tokens);
        TileCopy.Store(memory, flat.Pointer, tokens);
        return TileCopy.LoadHashed(flat.Pointer, memory, tokens) + (3 * TileCopy.StoreHashed(memory, flat.Pointer, tokens));
    }

    private static ShardShape Shape(int heads, int headBytes) => KvLayout.Uniform("m", "r", KvType.Int8, 2, heads, headBytes).Shapes[0];

    private GuardedBlock Block(int length)
    {
        _blocks.Add(new GuardedBlock(length));
        return _blocks[^1];
    }

    private EngineMemory Make(string kind, ShardShape shape, int heads) =>
        EngineMemory.Make(kind, shape, heads, SequenceTokens, PageTokens, Segment, Block);

    private sealed class Lying(KvTile tile) : IKvMemory
    {
        public KvTile GetTile(int segment, int firstToken, int tokens) => tile;
    }
}
