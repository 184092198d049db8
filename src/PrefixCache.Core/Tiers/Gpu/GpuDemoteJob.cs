using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>A chunk that is being copied down, and the requests that wait for it.</summary>
/// <remarks>Protected by the node's lock; its copies are the demoter's thread's. Keeps its node in the index as a writer does.</remarks>
/// <param name="node">It has no blocks in the host tier.</param>
/// <param name="sources">One per shard, leased.</param>
/// <param name="makesRoom">The sources go afterwards.</param>
internal sealed class GpuDemoteJob(ChunkNode node, GpuBlock[] sources, bool makesRoom)
{
    public ChunkNode Node => node;

    public GpuBlock[] Sources => sources;

    public bool MakesRoom => makesRoom;

    /// <summary>Who waits, with the chunk's first token in its prompt.</summary>
    public List<(GpuReturn Return, int FirstToken)> Waiting { get; } = [];

    /// <summary>Memory in the host tier, one per shard; empty until it is taken.</summary>
    public List<Block> Targets { get; } = [];

    public List<IDeviceEvent> Copied { get; } = [];

    public long Began { get; set; }

    /// <summary>What came back was not what had gone up: none of it is used.</summary>
    public bool IsDamaged { get; set; }
}
