using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Format.Layouts;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Gpu;

/// <summary>A node whose chunks fill a page each, with a device of host memory, and a worker that holds the memory of both.</summary>
internal sealed class GpuNode : IDisposable
{
    private int _request;

    /// <param name="pages">Of the host tier.</param>
    /// <param name="gpuPages">Of the device's arena.</param>
    public GpuNode(int pages = 64, int gpuPages = 16, HostMemoryDriver? driver = null, KvLayout? layout = null, int promoteAfter = 2,
        int maxQueued = 1024, long maxGhostTokens = 1 << 20)
    {
        Driver = driver ?? new HostMemoryDriver();
        Test = new TestNode(pages, layout: layout, change: options => options with
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

    /// <summary>Stores what is missing.</summary>
    public void Put(uint[] tokens, string salt = "") => Test.Put(Session, tokens, salt);

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

    /// <summary>Waits until what was queued has been moved.</summary>
    public void Settle() => Assert.True(
        SpinWait.SpinUntil(() => Now.Moving == 0, TimeSpan.FromSeconds(20)),
        $"{Now.Moving} moves");

    /// <summary>Compares what lies on the device with what was stored.</summary>
    public void Verify(Session session, LookupAnswer answer, uint[] tokens, string space = "")
    {
        foreach (var located in answer.Located)
        {
            foreach (var block in located.Gpu?.Blocks ?? [])
            {
                var end = (block.Position * TestNode.ChunkTokens) + block.Tokens;
                var bytes = answer.Located[0].Blocks[block.Position].PayloadBytes;
                var read = Gpu.Read(session.Gpu!.Memory.Address + (ulong)block.Offset, bytes);
                Assert.True(read.AsSpan().SequenceEqual(KvBytes.Of(space, located.Shard, tokens.AsSpan(0, end), bytes)), "wrong bytes");
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
}
