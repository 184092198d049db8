using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>One shard of one chunk on one device: how hot it is there, and its memory where it has some.</summary>
/// <remarks>
/// Made when a worker of the device hits the chunk for the first time; lives as long as the chunk. Protected by the node's lock.
/// </remarks>
internal sealed class GpuBlock(ChunkNode node, int shard, GpuArena arena)
{
    /// <summary>In so many minutes a hit loses half of its weight.</summary>
    private const double HalfLifeMinutes = 5;

    private double _heat;
    private TimeSpan _heatedAt;

    public ChunkNode Node => node;

    public int Shard => shard;

    public GpuArena Arena => arena;

    public GpuBlockState State { get; set; }

    public ShardShape Shape => node.Tree.Layout.Shapes[shard];

    public int Tokens => node.TokenCount;

    public int PayloadBytes => Shape.PayloadBytes(Tokens);

    /// <summary>Its memory, while it is copied up and in place.</summary>
    public Extent Extent { get; set; }

    /// <summary>Number of its entry in the arena's control region.</summary>
    public int Entry { get; set; }

    /// <summary>The entry's, while it is in place.</summary>
    public ulong Generation { get; set; }

    /// <summary>XXH3-64 of each segment, while it is in place: what comes back is compared with them.</summary>
    public ulong[] Checksums { get; set; } = [];

    /// <summary>Reservations that were told of it, and moves that read it.</summary>
    public int Leases { get; set; }

    /// <summary>Its chunk is out of the index, or it is damaged: nobody is told of it, and its memory goes with the last lease.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>It may be read: it is in place, is what it should be, and its device works.</summary>
    public bool IsReadable => State == GpuBlockState.InPlace && !IsForgotten && arena.IsOn;

    /// <summary>Its place in one of the arena's orders of use, while it is in place.</summary>
    public LinkedListNode<GpuBlock>? Place { get; set; }

    /// <summary>The next shard, or the same on another device, of its chunk.</summary>
    public GpuBlock? Next { get; init; }

    /// <summary>Recent hits: each counts one at first, and half as much after every <see cref="HalfLifeMinutes"/>.</summary>
    public double HeatAt(TimeSpan now) => _heat * Math.Pow(0.5, (now - _heatedAt).TotalMinutes / HalfLifeMinutes);

    public void Hit(TimeSpan now) => (_heat, _heatedAt) = (HeatAt(now) + 1, now);
}
