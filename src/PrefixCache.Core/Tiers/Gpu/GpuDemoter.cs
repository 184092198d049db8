using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>Copies chunks that devices alone still have down to the host tier, in the background.</summary>
/// <remarks>
/// For requests that want them, or to make room on a device. What comes back is compared with the checksums that it went up with: a worker
/// that maps the device's memory could have damaged it. The node's lock is not held while bytes move.
/// </remarks>
internal sealed class GpuDemoter(NodeState state, GpuTier tier) : GpuMover<GpuDemoteJob>("demote", tier.Options.MaxQueued)
{
    /// <summary>What is queued or on its way. Protected by the node's lock.</summary>
    private readonly Dictionary<ChunkNode, GpuDemoteJob> _jobs = [];

    /// <summary>Used by the thread alone.</summary>
    private readonly Dictionary<GpuDevice, IDeviceStream> _streams = [];
    private long _ended;

    /// <summary>Queues a chunk, or joins who has. Called under the node's lock.</summary>
    /// <param name="waiting">Who waits; null = it makes room.</param>
    /// <returns>False when devices do not have all of it, or the queue is full.</returns>
    public bool TryAdd(ChunkNode node, (GpuReturn Return, int FirstToken)? waiting)
    {
        if (!_jobs.TryGetValue(node, out var job))
        {
            if (!node.IsGhost || GpuTier.Find(node) is not { } sources) return false;
            job = new GpuDemoteJob(node, sources, waiting is null);
            if (!TryAdd(job)) return false;
            _jobs.Add(node, job);
            foreach (var source in sources) source.Leases++;
            node.Tree.Store.Ghosts.Revive(node);
            node.IsBranchPoint = false;
            node.Writers++;
        }

        if (waiting is not { } asker) return true;
        job.Waiting.Add(asker);
        asker.Return.Left++;
        return true;
    }

    /// <summary>After <see cref="GpuMover{TJob}.Dispose"/>.</summary>
    public void Close()
    {
        foreach (var stream in _streams.Values) stream.Dispose();
    }

    protected override bool Begin(GpuDemoteJob job)
    {
        if (!TryTake(job)) return false;
        var device = job.Sources[0].Arena.Device;
        try
        {
            job.Began = state.Time.GetTimestamp();
            for (var shard = 0; shard < job.Sources.Length; shard++)
            {
                var (source, target) = (job.Sources[shard], job.Targets[shard]);
                device = source.Arena.Device;
                var stream = StreamOf(device);
                var address = source.Arena.Memory.Address + (ulong)source.Extent.Offset;
                source.Arena.Host.Copy(stream, new DeviceCopy(DeviceCopyKind.DeviceToHost, address, target.Address, source.PayloadBytes));
                job.Copied.Add(stream.Record());
            }

            return true;
        }
        catch (Exception exception)
        {
            Fail(job, device, exception);
            foreach (var copied in job.Copied) copied.Dispose();
            return false;
        }
    }

    protected override void Finish(GpuDemoteJob job)
    {
        var shard = 0;
        try
        {
            var isSound = true;
            for (; shard < job.Sources.Length; shard++)
            {
                job.Copied[shard].Wait();
                if (job.Targets[shard].ComputeChecksums().AsSpan().SequenceEqual(job.Sources[shard].Checksums)) continue;
                isSound = false;
                job.IsDamaged = true;
                lock (state.Gate) job.Sources[shard].Arena.Condemn(job.Sources[shard]);
            }

            lock (state.Gate) End(job, isSound);
        }
        catch (Exception exception)
        {
            Fail(job, job.Sources[shard].Arena.Device, exception);
        }
        finally
        {
            foreach (var copied in job.Copied) copied.Dispose();
        }
    }

    private IDeviceStream StreamOf(GpuDevice device)
    {
        if (!_streams.TryGetValue(device, out var stream)) _streams.Add(device, stream = device.Handle.OpenStream());
        return stream;
    }

    /// <summary>Memory in the host tier; false when it is not to be copied after all.</summary>
    private bool TryTake(GpuDemoteJob job)
    {
        lock (state.Gate)
        {
            var (node, store) = (job.Node, job.Node.Tree.Store);
            var isWanted = !tier.IsStopping && !node.IsDetached && Array.TrueForAll(job.Sources, source => source.Arena.IsOn);
            foreach (var source in job.Sources)
            {
                var size = new SizeClass(source.Shape.BytesPerToken, source.Tokens, node.Tree.Layout.ChunkTokens);
                if (!isWanted || store.TryAllocate(source.Shape, size) is not { } target) break;
                node.Writers++;
                job.Targets.Add(target);
            }

            state.BeginTransfer();
            if (job.Targets.Count == job.Sources.Length) return true;
            End(job, isSound: false);
            return false;
        }
    }

    /// <summary>
    /// Copies into the host tier may still be under way, on other devices and on this one where it lacked memory for a mark, say: their
    /// targets are given back after them.
    /// </summary>
    private void Fail(GpuDemoteJob job, GpuDevice device, Exception exception)
    {
        tier.Failed(device, exception);

        // A stream that ends waits for its copies, whatever else fails; where the context is dead, nothing is written any more.
        foreach (var stream in _streams.Values) stream.Dispose();
        _streams.Clear();
        lock (state.Gate) End(job, isSound: false);
    }

    /// <summary>Called under the node's lock, when no copy of the job is under way.</summary>
    private void End(GpuDemoteJob job, bool isSound)
    {
        var (node, store) = (job.Node, job.Node.Tree.Store);
        for (var shard = 0; shard < job.Targets.Count; shard++)
        {
            var source = job.Sources[shard];
            if (!isSound) store.Abandon(node, job.Targets[shard]);
            else if (store.TryAttach(node, shard, job.Targets[shard], source.Checksums)) Count(job, source);
        }

        _ended = state.Time.GetTimestamp();
        _jobs.Remove(node);
        node.Writers--;
        if (!node.IsDetached) store.RemoveIfEmpty(node);
        foreach (var source in job.Sources) source.Arena.Release(source, job.MakesRoom || job.IsDamaged);
        foreach (var (back, firstToken) in job.Waiting) back.Came(node is { IsComplete: true, IsDetached: false }, firstToken);
        state.EndTransfer();
    }

    private void Count(GpuDemoteJob job, GpuBlock source) => source.Arena.Counters.Demoted(
        source.PayloadBytes, state.Time.GetElapsedTime(Math.Max(job.Began, _ended)));
}
