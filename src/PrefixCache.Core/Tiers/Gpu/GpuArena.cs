using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sharing;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>One trust domain's memory on one device: taken at start, never more.</summary>
/// <remarks>
/// Owns the memory and its control region. Its blocks are copies of the host tier's. Allocation state is protected by the node's lock,
/// under which no call of the device is made; who copies from and to it is the promoter and the demoter.
/// </remarks>
internal sealed unsafe class GpuArena : IDisposable
{
    /// <summary>Of the coldest end of the order of use: the coldest of so many goes.</summary>
    private const int VictimSample = 16;

    private readonly GpuTier _tier;
    private readonly BlockAllocator _allocator;

    /// <summary>Blocks in place that nobody has leased, the one that was used last at the end.</summary>
    private readonly LinkedList<GpuBlock> _byUse = new();

    /// <summary>Those that somebody has: who looks for one that may go does not walk over them under the node's lock.</summary>
    private readonly LinkedList<GpuBlock> _leased = new();

    public GpuArena(GpuTier tier, GpuDevice device, TrustDomain domain, long bytes)
    {
        (_tier, Device, Domain) = (tier, device, domain);
        Memory = device.Handle.Allocate(bytes);
        try
        {
            Share = Memory.Export();
            _allocator = new BlockAllocator(Memory.Bytes);
            Control = ControlRegion.Create(Id, _allocator.CapacityBytes, BlockCount(bytes));
        }
        catch
        {
            Share?.Dispose();
            Memory.Dispose();
            throw;
        }
    }

    /// <summary>Names it in extents and in its control region.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    public GpuDevice Device { get; }

    /// <summary>Whose blocks it has copies of.</summary>
    public TrustDomain Domain { get; }

    public IDeviceMemory Memory { get; }

    /// <summary>What workers need to map it.</summary>
    public DeviceShare Share { get; }

    /// <summary>The block table that workers map.</summary>
    public ControlRegion Control { get; }

    /// <summary>The host tier's memory, as copies of this device go through it.</summary>
    public RegisteredMemory Host => _tier.HostOf(Domain);

    public GpuCounters Counters { get; } = new();

    public bool IsOn => Device.IsOn;

    public long CapacityBytes => _allocator.CapacityBytes;

    public long UsedBytes => IsOn ? _allocator.UsedBytes : 0;

    public long AllocatedBytes => IsOn ? _allocator.AllocatedBytes : 0;

    public long WastedBytes => IsOn ? _allocator.WastedBytes : 0;

    public int Blocks => IsOn ? _byUse.Count + _leased.Count : 0;

    public int LeasedBlocks => IsOn ? _leased.Count : 0;

    /// <summary>Where the hit of one shard lies here; what else is hot is on its way from now on. Null = nothing of it does.</summary>
    public LocatedGpuShard? Locate(Reservation reservation, int shard, int chunks)
    {
        if (!IsOn) return null;
        var hold = reservation.GpuHoldOf(this, shard);
        var now = _tier.Now;
        List<LocatedGpuBlock>? located = null;
        for (var position = 0; position < chunks; position++)
        {
            // What was cleared stays for the reservation alone, where it is: nothing would end a copy that is made now.
            if (reservation.Path[position] is not { IsDetached: false } node) continue;
            var block = Of(node, shard);
            if (position >= hold.Counted) Hit(block, now);
            if (!block.IsReadable) continue;
            if (hold.Leased.Add(block)) Lease(block);
            (located ??= []).Add(new LocatedGpuBlock(position, block.Extent.Offset, block.Tokens, block.Entry, block.Generation));
        }

        hold.Counted = Math.Max(hold.Counted, chunks);
        return located is null ? null : new LocatedGpuShard(shard, Id, located);
    }

    /// <summary>Memory for a block that is to be copied up, from what is colder; false when there is nothing.</summary>
    public bool TryAllocate(GpuBlock block)
    {
        int entry;
        while (!Control.TryTakeEntry(out entry))
        {
            if (!TryMakeRoom(block)) return false;
        }

        var size = new SizeClass(block.Shape.BytesPerToken, block.Tokens, block.Node.Tree.Layout.ChunkTokens);
        Extent extent;
        while (!_allocator.TryAllocate(size, out extent))
        {
            if (size.Bytes <= CapacityBytes && TryMakeRoom(block)) continue;
            Control.ReturnEntry(entry);
            return false;
        }

        Control.BeginWrite(entry);
        (block.Extent, block.Entry, block.State) = (extent, entry, GpuBlockState.Copying);
        return true;
    }

    /// <summary>Its copy has ended: workers may read it.</summary>
    public void Publish(GpuBlock block, ulong[] checksums)
    {
        block.Checksums = checksums;
        block.Generation = Control.Publish(
            block.Entry, block.Extent.Offset, block.PayloadBytes, Xxh3.HashOfHashes(checksums), block.Tokens, block.Shape.Segments);
        block.State = GpuBlockState.InPlace;
        block.Place = _byUse.AddLast(block);
    }

    /// <summary>Gives its memory back; no copy reads or writes it any more.</summary>
    public void Free(GpuBlock block)
    {
        if (block.Place is { } place) place.List!.Remove(place);
        if (block.State == GpuBlockState.InPlace) Control.Retire(block.Entry);
        Control.ReturnEntry(block.Entry);
        _allocator.Free(block.Extent);
        (block.Place, block.State, block.Checksums, block.IsForgotten) = (null, GpuBlockState.Absent, [], false);
    }

    /// <summary>It does not hold what was copied up: readers miss it, and its memory goes with the last lease.</summary>
    public void Condemn(GpuBlock block)
    {
        Counters.BlocksDamaged++;
        Control.Retire(block.Entry);
        block.IsForgotten = true;
    }

    /// <summary>A reservation is told of it, or a move reads it: it stays.</summary>
    public void Lease(GpuBlock block)
    {
        if (block.Leases++ == 0) Move(block, _leased);
    }

    /// <summary>A reservation or a move is done with it.</summary>
    public void Unlease(GpuBlock block)
    {
        if (--block.Leases > 0) return;
        Move(block, _byUse);
        if (block is { IsForgotten: true, State: GpuBlockState.InPlace } && IsOn) Free(block);
    }

    /// <summary>A copy down has ended.</summary>
    /// <param name="goes">It made way for another.</param>
    public void Release(GpuBlock block, bool goes)
    {
        Unlease(block);
        if (goes && IsOn && block is { Leases: 0, State: GpuBlockState.InPlace }) Free(block);
    }

    /// <summary>Its chunk is out of the index.</summary>
    public void Forget(GpuBlock block)
    {
        block.IsForgotten = true;
        if (block is not { Leases: 0, State: GpuBlockState.InPlace } || !IsOn) return;
        Counters.BlocksDropped++;
        Free(block);
    }

    /// <summary>The device has failed: readers miss from now on, and nothing of its memory is used again.</summary>
    public void TurnOff()
    {
        foreach (var block in _byUse.Concat(_leased))
        {
            Control.Retire(block.Entry);
            (block.Place, block.State) = (null, GpuBlockState.Absent);
        }

        _byUse.Clear();
        _leased.Clear();
    }

    public void Dispose()
    {
        Share.Dispose();
        Memory.Dispose();
        Control.Dispose();
    }

    private static int BlockCount(long bytes) => (int)Math.Clamp(bytes >> 16, 1024, 1 << 20);

    private GpuBlock Of(ChunkNode node, int shard) =>
        Known(node, shard) ?? (node.Gpu = new GpuBlock(node, shard, this) { Next = node.Gpu });

    private GpuBlock? Known(ChunkNode node, int shard)
    {
        var block = node.Gpu;
        while (block is not null && (block.Arena != this || block.Shard != shard)) block = block.Next;
        return block;
    }

    /// <summary>To the end of a list, where it is in place.</summary>
    private static void Move(GpuBlock block, LinkedList<GpuBlock> list)
    {
        if (block.Place is not { } place) return;
        place.List!.Remove(place);
        list.AddLast(place);
    }

    private void Hit(GpuBlock block, TimeSpan now)
    {
        block.Hit(now);
        if (block.Place is { List: { } list })
        {
            Counters.BlocksHit++;
            Move(block, list);
        }
        else if (block.State == GpuBlockState.Absent && block.HeatAt(now) > _tier.Options.PromoteAfter - 0.5)
        {
            _tier.Promote(block);
        }
    }

    /// <summary>Gives up the coldest of the blocks that were used least lately, if it is colder than the one that is to come.</summary>
    private bool TryMakeRoom(GpuBlock coming)
    {
        var now = _tier.Now;
        GpuBlock? coldest = null;
        var (seen, heat) = (0, coming.HeatAt(now));
        for (var place = _byUse.First; place is not null && seen < VictimSample; place = place.Next)
        {
            var block = place.Value;
            seen++;
            if (block.HeatAt(now) is var candidate && candidate < heat) (coldest, heat) = (block, candidate);
        }

        if (coldest is null) return false;

        // What the host tier lacks goes down there, if there is room; then its memory is free at a later hit.
        if (!coldest.Node.IsComplete && _tier.TryDemote(coldest)) return false;
        Counters.BlocksDropped++;
        Free(coldest);
        return true;
    }
}
