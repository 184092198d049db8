using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Format.Layouts;
using PrefixCache.TestDevices.HostMemory;
using PrefixCache.UnitTests.Matching;

namespace PrefixCache.UnitTests.Gpu;

/// <summary>A node whose chunks fill a page each, with a device of host memory, and a worker that holds the memory of both.</summary>
internal sealed class GpuNode : IDisposable
{
    private int _request;

    /// <param name="pages">Of the host tier.</param>
    /// <param name="gpuPages">Of the device's arena.</param>
    public GpuNode(int pages = 64, int gpuPages = 16, HostMemoryDriver? driver = null, KvLayout? layout = null, int promoteAfter = 2,
        int maxQueued = 1024, long maxGhostTokens = 1 << 20, Func<CacheNodeOptions, CacheNodeOptions>? change = null)
    {
        Driver = driver ?? new HostMemoryDriver(new HostMemoryOptions { GranularityBytes = TestNode.PageBytes });
        Test = new TestNode(pages, layout: layout, change: options => (change?.Invoke(options) ?? options) with
        {
            MaxGhostTokens = maxGhostTokens,
            Eviction = "lru",
            Gpu = new GpuOptions
            {
                Capacity = new GpuCapacity(gpuPages * (long)TestNode.PageBytes),
                Driver = Driver,
                PromoteAfter = promoteAfter,
                MaxQueued = maxQueued,
            },
        });
        Session = Attach(Test.Scheduler());
    }

    public HostMemoryDriver Driver { get; }

    public HostMemoryGpu Gpu => Driver.Gpu;

    public TestNode Test { get; }

    public CacheNode Node => Test.Node;

    /// <summary>A scheduler's, which holds the host arena and the device's.</summary>
    public Session Session { get; }

    public GpuDeviceStatus Now => Node.Gpu!.Devices[0];

    public WorkerProcess Process { get; } = new(4711);

    /// <summary>Gives a session both memories.</summary>
    public Session Attach(Session session, int device = 1)
    {
        TestNode.Value(Node.Sharing.Attach(session, Process));
        if (Node.Sharing.GpusOf(session.Instance.Tenant).Count >= device) TestNode.Value(Node.Sharing.AttachGpu(session, Process, device));
        return session;
    }

    public LookupAnswer Lookup(Session session, uint[] tokens, int shard = 0, string salt = "") => TestNode.Value(
        Node.Lookups.Lookup(Query(session, shard, salt), TokenList.Buffer(tokens)));

    /// <summary>As a call would: what has to come back from a device is waited for.</summary>
    public async Task<LookupAnswer> WaitAsync(Session session, uint[] tokens) => TestNode.Value(await Node.Waits.LookupAsync(
        Query(session, 0, ""), TokenList.Buffer(tokens), TimeSpan.Zero, CancellationToken.None, CancellationToken.None));

    /// <summary>Looks up, stores what is missing, and releases.</summary>
    public void Put(uint[] tokens)
    {
        var answer = Lookup(Session, tokens);
        Store(Session, answer, tokens);
        Test.Done(Session, answer);
    }

    /// <summary>Looks up and releases, until no move is under way.</summary>
    /// <returns>Leading tokens that lay on the device.</returns>
    public int Hit(uint[] tokens, int times = 1)
    {
        var onGpu = 0;
        for (var i = 0; i < times; i++)
        {
            var answer = Lookup(Session, tokens);
            onGpu = answer.GpuTokens;
            Test.Done(Session, answer);
            Settle();
        }

        return onGpu;
    }

    /// <summary>Fills so many pages of the host tier with other things; 0 = all.</summary>
    public void Flush(int pages = 0)
    {
        if (pages == 0) pages = (int)(Test.Now.CapacityBytes / TestNode.PageBytes);
        Test.Put(Test.Scheduler("flush"), TokenList.Count(Test.Layout.ChunkTokens * pages, 5000), salt: "flush");
    }

    /// <summary>Waits until what was queued has been moved.</summary>
    public void Settle() => Assert.True(
        SpinWait.SpinUntil(() => Now.Moving == 0, TimeSpan.FromSeconds(20)),
        $"{Now.Moving} moves");

    /// <summary>Stores what the hit lacks, as a causal model's KV is.</summary>
    public void Store(Session session, LookupAnswer answer, uint[] tokens)
    {
        using var transfer = Test.OpenStore(session, answer);
        foreach (var write in transfer.Writes)
        {
            var first = ((int)write.Handle - 1) * Test.Layout.ChunkTokens;
            CausalKv.Of(write.Block.Shape, 0, tokens, [], first, write.Block.Tokens).CopyTo(write.Block.Payload);
            transfer.Commit(write, KvBytes.Checksums(write.Block));
        }
    }

    /// <summary>Compares every byte of the hit, in host memory and on the device, with what was stored.</summary>
    public void Verify(Session session, LookupAnswer answer, uint[] tokens)
    {
        var chunk = Test.Layout.ChunkTokens;
        foreach (var located in answer.Located)
        {
            for (var position = 0; position < located.Blocks.Count; position++)
            {
                var block = located.Blocks[position];
                Check(block.Payload.Span, block.Shape, tokens, position * chunk, Math.Min(answer.HitTokens, (position + 1) * chunk));
            }

            foreach (var block in located.Gpu?.Blocks ?? [])
            {
                var shape = located.Blocks[block.Position].Shape;
                var read = Gpu.Read(session.Gpu!.Memory.Address + (ulong)block.Offset, shape.PayloadBytes(block.Tokens));
                Check(read, shape, tokens, block.Position * chunk, Math.Min(answer.HitTokens, (block.Position + 1) * chunk));
            }
        }
    }

    public void Dispose()
    {
        Test.Dispose();
        Assert.Empty(Driver.Complaints);
    }

    private LookupQuery Query(Session session, int shard, string salt) =>
        new(session, $"{_request++}", Test.Layout, salt, "", 0, 0) { LocateShards = [shard] };

    /// <param name="block">May have more tokens than the hit.</param>
    internal static void Check(ReadOnlySpan<byte> block, ShardShape shape, uint[] tokens, int first, int end, int shard = 0)
    {
        var (count, expected) = (end - first, CausalKv.Of(shape, shard, tokens[..end], [], first, end - first));
        var stored = block.Length / shape.BytesPerToken;
        for (var segment = 0; segment < shape.Segments; segment++)
        {
            var bytes = count * shape.SegmentBytesPerToken(segment);
            Assert.True(block.Slice(shape.SegmentOffset(segment, stored), bytes)
                .SequenceEqual(expected.AsSpan(shape.SegmentOffset(segment, count), bytes)), "wrong bytes");
        }
    }
}
