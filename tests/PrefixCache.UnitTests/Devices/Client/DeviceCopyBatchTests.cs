using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Client.Devices;
using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>Runs that become copies: the same bytes, in as few as can be.</summary>
public sealed class DeviceCopyBatchTests
{
    private const int Bytes = 1 << 14;
    private const ulong Allocation = 7;

    /// <summary>32 layers, 8 heads × 128 × bf16: 64 segments of 2,048 bytes a token.</summary>
    private static readonly KvLayout Llama = KvLayout.Uniform("llama-3.1-8b", "1", KvType.BFloat16, 32, 8, 128);

    [Fact]
    public void Copies_OfAnyRuns_MoveTheSameBytesAsTheRuns() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => { Run(seed); }).QuickCheckThrowOnFailure();

    [Fact]
    public void Copies_OfManyRandomBatches_MoveTheSameBytesAsTheRuns()
    {
        var (runs, copies) = (0, 0);
        for (var seed = 0; seed < 3_000; seed++)
        {
            var (before, after) = Run(seed);
            (runs, copies) = (runs + before, copies + after);
        }

        Assert.True(copies < runs * 0.8, $"{copies} copies of {runs} runs: too few were put together to prove anything");
    }

    [Fact]
    public void Copies_IntoAContiguousCache_AreOneAChunk()
    {
        var memory = new ContiguousDeviceKvMemory(new DeviceRange(1 << 20, 1L << 32), Llama.Shapes[0], 1_024);

        Assert.Equal(4, Plan(memory, 900).Count);
    }

    [Fact]
    public void Copies_IntoPagesAtEqualDistances_AreOneAPage()
    {
        var memory = new PagedDeviceKvMemory(Segments(distance: 1 << 24), Llama.Shapes[0], Shuffled(64), 16);

        Assert.Equal(57, Plan(memory, 900).Count);
    }

    [Fact]
    public void Copies_IntoPagesThatFollowEachOther_AreOneAChunk()
    {
        var memory = new PagedDeviceKvMemory(Segments(distance: 1 << 24), Llama.Shapes[0], [.. Enumerable.Range(0, 64)], 16);

        Assert.Equal(4, Plan(memory, 900).Count);
    }

    [Fact]
    public void Copies_IntoAllocationsOfTheirOwn_AreOneAPageAndSegment()
    {
        var segments = Enumerable.Range(1, 64).Select(i => new DeviceRange((ulong)i << 24, 1 << 24)).ToArray();
        var memory = new PagedDeviceKvMemory(segments, Llama.Shapes[0], Shuffled(64), 16);

        Assert.Equal(57 * 64, Plan(memory, 900).Count);
    }

    [Fact]
    public void Copies_OfTokensWithGaps_AreOneAPageAndSegment()
    {
        var memory = new PagedDeviceKvMemory(Segments(distance: 1 << 26), Llama.Shapes[0], Shuffled(64), 16, tokenStride: 4_096);

        Assert.Equal(57 * 64, Plan(memory, 900).Count);
    }

    [Fact]
    public void Copies_OfHeadMajorPages_AreOneAHead()
    {
        var memory = PagedDeviceKvMemory.HeadMajor(Segments(distance: 1 << 24), Llama.Shapes[0], Shuffled(64), 16, heads: 8);

        Assert.Equal((56 * 64 * 8) + (64 * 4), Plan(memory, 900).Count);
    }

    [Fact]
    public void Copies_AtDistancesThatNoDriverTakes_AreOneARow()
    {
        var batch = new DeviceCopyBatch();
        batch.Add(new DeviceCopy(DeviceCopyKind.DeviceToDevice, 0, 1L << 40, 8) { Rows = 3, SourcePitch = 8, DestinationPitch = 1L << 31 },
            Allocation);
        batch.Close();

        Assert.Equal(3, batch.Copies.Count);
    }

    [Fact]
    public void Add_AfterClear_IsComparedWithNothing()
    {
        var batch = new DeviceCopyBatch();
        batch.Add(new DeviceCopy(DeviceCopyKind.DeviceToDevice, 0, 100, 8), Allocation);
        batch.Clear();
        batch.Add(new DeviceCopy(DeviceCopyKind.DeviceToDevice, 8, 108, 8), Allocation);
        batch.Close();

        Assert.Equal([new DeviceCopy(DeviceCopyKind.DeviceToDevice, 8, 108, 8)], batch.Copies);
    }

    private static int[] Shuffled(int pages)
    {
        // No page follows the one before it.
        var table = new int[pages];
        for (var i = 0; i < pages; i++) table[i] = (i * 27) % pages;
        return table;
    }

    private static DeviceRange[] Segments(long distance)
    {
        var all = new DeviceRange(1 << 20, 64 * distance);
        return [.. Enumerable.Range(0, 64).Select(i => all.Slice(i * distance, distance))];
    }

    /// <summary>As a hit is copied: a batch for each chunk. The last chunk has fewer tokens.</summary>
    private static List<DeviceCopy> Plan(IDeviceKvMemory memory, int tokens)
    {
        var shape = Llama.Shapes[0];
        List<DeviceCopy> copies = [];
        for (var first = 0; first < tokens; first += Llama.ChunkTokens)
        {
            var batch = new DeviceCopyBatch();
            var slice = ChunkSlice.Whole(shape, Math.Min(Llama.ChunkTokens, tokens - first));
            for (var segment = 0; segment < shape.Segments; segment++)
            {
                var run = new SegmentTokens(segment, first, slice.Tokens, shape.SegmentBytesPerToken(segment));
                var flat = (1UL << 40) + (ulong)slice.Run(segment).Offset;
                DeviceTileCopy.Plan(batch, DeviceCopyKind.DeviceToDevice, flat, memory, run, intoTiles: true);
            }

            batch.Close();
            copies.AddRange(batch.Copies);
        }

        Assert.Equal((long)tokens * shape.BytesPerToken, copies.Sum(copy => copy.Bytes));
        return copies;
    }

    /// <summary>Lines of runs whose places are regular, mostly: alike enough to be put together, and wrongly so.</summary>
    private static (int Runs, int Copies) Run(int seed)
    {
        var random = new Random(seed);
        var runs = new List<DeviceCopy>();
        var batch = new DeviceCopyBatch();
        var (source, destination) = (0L, 0L);
        int[] lengths = [1, 1, 2, 5];
        int[] gaps = [0, 0, 0, 3, 3, 10];
        // The lines are alike, but for a run here and there.
        var line = Enumerable.Range(0, random.Next(1, 5))
            .Select(_ => (Length: lengths[random.Next(4)], Source: gaps[random.Next(6)], Destination: gaps[random.Next(6)])).ToArray();
        for (var lines = random.Next(1, 8); lines > 0; lines--)
        {
            batch.NextLine();
            foreach (var usual in line)
            {
                var (length, sourceGap, destinationGap) = random.Next(8) > 0 ? usual : (lengths[random.Next(4)], 1, 2);
                var run = Random(random, ref source, ref destination, length, sourceGap, destinationGap);
                if (source > Bytes || destination > Bytes) break;
                runs.Add(run);
                // Now and then in another allocation, which a copy must not reach into.
                batch.Add(run, random.Next(15) == 0 ? Allocation + 1 : Allocation);
            }
        }

        batch.Close();
        Assert.True(batch.Copies.Count <= runs.Count, $"seed {seed}: more copies than runs");
        Assert.True(Result(runs).SequenceEqual(Result(batch.Copies)), $"seed {seed}: other bytes");
        return (runs.Count, batch.Copies.Count);
    }

    private static DeviceCopy Random(Random random, ref long source, ref long destination, int length, int sourceGap, int destinationGap)
    {
        var rows = random.Next(10) == 0 ? random.Next(2, 4) : 1;
        var copy = new DeviceCopy(
            DeviceCopyKind.DeviceToDevice, (ulong)(source + sourceGap), (ulong)(destination + destinationGap), length);
        if (rows > 1) copy = copy with { Rows = rows, SourcePitch = length + sourceGap, DestinationPitch = length + destinationGap };
        source += sourceGap + (rows * copy.SourcePitch);
        destination += destinationGap + (rows * copy.DestinationPitch);
        // A source may be read twice, out of order too; a destination is written once.
        if (random.Next(20) == 0) source = random.Next(Bytes / 2);
        return copy;
    }

    private static byte[] Result(IEnumerable<DeviceCopy> copies)
    {
        var (memory, result) = (new byte[2 * Bytes], new byte[2 * Bytes]);
        new Random(1).NextBytes(memory);
        foreach (var copy in copies)
        {
            for (var row = 0; row < copy.Rows; row++)
            {
                for (var i = 0; i < copy.RowBytes; i++)
                {
                    var to = (long)copy.Destination + (row * copy.DestinationPitch) + i;
                    Assert.Equal(0, result[to]);
                    result[to] = (byte)(memory[(long)copy.Source + (row * copy.SourcePitch) + i] | 1);
                }
            }
        }

        return result;
    }
}
