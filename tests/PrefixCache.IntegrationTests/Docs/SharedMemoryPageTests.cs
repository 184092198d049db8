using System.Buffers.Binary;
using System.Text;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.IntegrationTests.Docs;

/// <summary>The example of docs/shared-memory.md: its bytes say what its text says, and a node writes them.</summary>
public sealed class SharedMemoryPageTests
{
    private const ulong BytesPerToken = 512;

    private readonly SharedMemoryPage _page = new();

    [Fact]
    public void Header_InTheExample_SaysWhatTheTextSays()
    {
        var header = _page.Header;
        Assert.Equal(64, header.Length);
        Assert.Equal("PFXCTRL1", Encoding.ASCII.GetString(header, 0, 8));
        Assert.Equal(ControlRegionLayout.Magic, U64(header, ControlRegionLayout.MagicOffset));
        var version = $"{U32(header, ControlRegionLayout.VersionMajorOffset)}.{U32(header, ControlRegionLayout.VersionMinorOffset)}";
        Assert.Equal($"{ControlRegionLayout.VersionMajor}.{ControlRegionLayout.VersionMinor}", version);
        Assert.Equal(version, _page.Word(@"version (\d+\.\d+)"));
        var arena = header.AsSpan(ControlRegionLayout.ArenaIdOffset, 16);
        Assert.Equal(new Guid(arena, bigEndian: true), Guid.Parse(_page.Word("arena `([0-9a-f-]+)`")));
        Assert.Equal(arena.ToArray(), _page.Bytes(@"arena: ([0-9a-f ]+),"));
        Assert.Equal(_page.Number(@"(\d+) bytes of payload"), U64(header, ControlRegionLayout.ArenaBytesOffset));
        Assert.Equal(_page.Number(@"the table begins at (\d+)"), U64(header, ControlRegionLayout.TableOffsetOffset));
        Assert.Equal((ulong)ControlRegionLayout.HeaderSize, U64(header, ControlRegionLayout.TableOffsetOffset));
        Assert.Equal(_page.Number(@"(\d+) bytes from entry to entry"), U32(header, ControlRegionLayout.EntrySizeOffset));
        Assert.Equal((uint)ControlRegionLayout.EntrySize, U32(header, ControlRegionLayout.EntrySizeOffset));
        Assert.Equal(_page.Number(@"(\d+) entries"), U32(header, ControlRegionLayout.EntryCountOffset));
    }

    [Fact]
    public void Entry_InTheExample_SaysWhatTextAndExtentsSay()
    {
        var entry = _page.Entry;
        Assert.Equal(ControlRegionLayout.EntrySize, entry.Length);
        var place = ControlRegionLayout.EntryOffset((int)_page.List("entries")[1]);
        Assert.Equal((ulong)place, _page.Number(@"= (\d+) in the control region"));
        var generation = U64(entry, ControlRegionLayout.GenerationOffset);
        Assert.Equal((_page.Number(@"generation (\d+): even"), _page.List("generations")[1]), (generation, generation));
        Assert.Equal(0UL, generation % 2);
        var offset = U64(entry, ControlRegionLayout.BlockOffsetOffset);
        Assert.Equal((_page.Number(@"begins at (\d+) in the arena \|"), _page.List("offsets")[1]), (offset, offset));
        var tokens = U32(entry, ControlRegionLayout.TokensOffset);
        Assert.Equal((_page.Number(@"\| (\d+) tokens \|"), _page.List("tokens")[1]), (tokens, tokens));
        Assert.Equal(_page.Number(@"(\d+) bytes = 16 × 512"), U64(entry, ControlRegionLayout.BlockLengthOffset));
        Assert.Equal(tokens * BytesPerToken, U64(entry, ControlRegionLayout.BlockLengthOffset));
        Assert.Equal(_page.Number(@"\| (\d+) segments"), U32(entry, ControlRegionLayout.SegmentsOffset));
        Assert.Equal(_page.Number(@"\| checksum (0x[0-9a-f]{16})"), U64(entry, ControlRegionLayout.ChecksumOffset));
        Assert.All(entry.Skip(40), reserved => Assert.Equal(0, reserved));
    }

    [Fact]
    public void Checksum_InTheExample_IsTheHashOfTheSegmentsHashes()
    {
        var (kv, hashes) = (ExampleRun.Kv(16), _page.Bytes("`([0-9a-f ]{47})`"));
        Assert.Equal(_page.Number("of 0x11 have the XXH3-64 (0x[0-9a-f]{16})"), Xxh3.Hash64(kv.AsSpan(0, 4096)));
        Assert.Equal(_page.Number("of 0x22 have (0x[0-9a-f]{16})"), Xxh3.Hash64(kv.AsSpan(4096)));
        Assert.Equal((Xxh3.Hash64(kv.AsSpan(0, 4096)), Xxh3.Hash64(kv.AsSpan(4096))), (U64(hashes, 0), U64(hashes, 8)));
        Assert.Equal(U64(_page.Entry, ControlRegionLayout.ChecksumOffset), Xxh3.Hash64(hashes));
        Assert.Equal(_page.Number("whose XXH3-64 is (0x[0-9a-f]{16})"), Xxh3.Hash64(hashes));
    }

    [Fact]
    public void Address_InTheExample_IsThatOfTheTokenInTheSegment()
    {
        var shape = ExampleRun.Layout.Shapes[0];
        var inBlock = (long)_page.Number(@"V of token (\d+):") - ExampleRun.Layout.ChunkTokens;
        Assert.Equal((long)_page.Number(@"21 − 16 = (\d+)"), inBlock);
        Assert.Equal((long)_page.Number(@"start\(1\) = (\d+)"), shape.SegmentOffset(1, 1));
        Assert.Equal((long)BytesPerToken, shape.BytesPerToken);
        var address = (long)_page.List("offsets")[1] + shape.SegmentOffset(1, 16) + (inBlock * shape.SegmentBytesPerToken(1));
        Assert.Equal((long)_page.Number(@"8192 \+ 16 × 256 \+ 5 × 256 = (\d+) in the arena"), address);
    }

    /// <summary>The arena's id is new each time, and where a block lies is the allocator's choice.</summary>
    [Fact]
    public async Task Example_DoneAgain_GivesTheSameBytes()
    {
        var run = await ExampleRun.DoAsync(TestContext.Current.CancellationToken);
        var (header, entry) = (_page.Header, _page.Entry);
        run.Extents.Arena.Span.CopyTo(header.AsSpan(ControlRegionLayout.ArenaIdOffset));
        Assert.Equal(header, run.Header);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(ControlRegionLayout.BlockOffsetOffset), run.Extents.Offsets[1]);
        Assert.Equal(entry, run.Entry);
        Assert.Equal(_page.List("tokens"), run.Extents.Tokens.Select(tokens => (ulong)tokens));
        Assert.Equal(_page.List("entries"), run.Extents.Entries.Select(entry => (ulong)entry));
        Assert.Equal(_page.List("generations"), run.Extents.Generations);
        Assert.Equal(ExampleRun.Kv(16), run.Payload);
    }

    private static ulong U64(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));

    private static uint U32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
}
