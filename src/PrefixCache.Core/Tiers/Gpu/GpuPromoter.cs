using PrefixCache.Core.Blocks;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Copies hot blocks of the host tier up to one device, in the background.</summary>
/// <remarks>
/// The chunk is leased in the host tier until its copy's event is reached. It is sealed before, or compared with its checksums: who copies
/// it out of the device's memory cannot do that. The node's lock is not held while bytes move.
/// </remarks>
internal sealed class GpuPromoter(NodeState state, GpuTier tier, GpuArena arena)
    : GpuMover<GpuPromoteJob>("promote", tier.Options.MaxQueued)
{
    /// <summary>Used by the thread alone.</summary>
    private IDeviceStream? _stream;
    private long _ended;

    /// <summary>After <see cref="GpuMover{TJob}.Dispose"/>.</summary>
    public void Close() => _stream?.Dispose();

    protected override bool Begin(GpuPromoteJob job)
    {
        if (!TryTake(job)) return false;
        try
        {
            var (block, source) = (job.Block, job.Source!);
            if (!IsSound(block, source))
            {
                End(job, isDamaged: true);
                return false;
            }

            var target = arena.Memory.Address + (ulong)block.Extent.Offset;
            _stream ??= arena.Device.Handle.OpenStream();
            job.Began = state.Time.GetTimestamp();
            arena.Host.Copy(_stream, new DeviceCopy(DeviceCopyKind.HostToDevice, source.Address, target, source.PayloadBytes));
            job.Copied = _stream.Record();
            return true;
        }
        catch (Exception exception)
        {
            End(job, exception);
            return false;
        }
    }

    protected override void Finish(GpuPromoteJob job)
    {
        try
        {
            using (job.Copied) job.Copied!.Wait();
            End(job);
        }
        catch (Exception exception)
        {
            End(job, exception);
        }
    }

    private bool IsSound(GpuBlock block, Block source)
    {
        if (source.IsSealed) return source.ComputeChecksums().AsSpan().SequenceEqual(source.Checksums);
        state.Sealer.SealLeased(block.Node, source);
        return true;
    }

    /// <summary>Memory on the device and a lease on the source; false when it is not to be copied after all.</summary>
    private bool TryTake(GpuPromoteJob job)
    {
        var block = job.Block;
        lock (state.Gate)
        {
            job.Source = block.Node.Shards[block.Shard];
            var isWanted = !tier.IsStopping && arena.IsOn && !block.IsForgotten && block.Node.IsComplete && job.Source is not null;
            if (!isWanted || !arena.TryAllocate(block))
            {
                block.State = GpuBlockState.Absent;
                arena.Counters.PromotionsRefused++;
                return false;
            }

            block.Node.Tree.Store.Lease(block.Node);
            state.BeginTransfer();
            return true;
        }
    }

    /// <param name="exception">What failed: the device's memory is used no more then, whatever the copy still does.</param>
    /// <param name="isDamaged">Somebody who maps the host tier's memory has damaged the source: it was not copied.</param>
    private void End(GpuPromoteJob job, Exception? exception = null, bool isDamaged = false)
    {
        if (exception is not null) tier.Failed(arena.Device, exception);
        var block = job.Block;
        lock (state.Gate)
        {
            if (isDamaged) arena.Counters.BlocksDamaged++;
            if (!arena.IsOn)
            {
                block.State = GpuBlockState.Absent;
            }
            else if (block.IsForgotten || isDamaged)
            {
                arena.Free(block);
            }
            else
            {
                arena.Publish(block, job.Source!.Checksums.ToArray());
                var now = state.Time.GetTimestamp();
                arena.Counters.Promoted(block.PayloadBytes, state.Time.GetElapsedTime(Math.Max(job.Began, _ended), now));
                _ended = now;
            }

            block.Node.Tree.Store.Unlease(block.Node);
            state.EndTransfer();
        }
    }
}
