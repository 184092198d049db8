using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;

namespace PrefixCache.Client.Devices;

/// <summary>Has a device copy a hit out of the node's memory, and makes sure that it was in place all the while.</summary>
/// <remarks>
/// The generation of each block is loaded before its copy is queued and, behind a full fence, after the copy's event: where they differ,
/// what was copied counts for nothing. Chunks out of the device's memory and out of the host's are copied beside each other. Used once, on
/// the caller's thread, which waits for the copies.
/// </remarks>
internal sealed class DeviceHitCopier(IDeviceKvMemory destination, TransferOptions options, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>Tokens before this one are in place.</summary>
    public int EndToken { get; private set; } = options.FirstToken;

    /// <summary>What each source brought of them; empty when nothing came.</summary>
    public List<PlaneLoad> Loads { get; } = [];

    /// <summary>Why not all is in place; empty when all is.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>Copies chunk by chunk, or layer by layer; what lies behind the first chunk that is not in place does not count.</summary>
    /// <param name="copies">One at least, in the order of their tokens and without gaps.</param>
    /// <exception cref="Format.Devices.DeviceException">The device fails. Copies may be under way until the sources are
    /// disposed.</exception>
    public void Copy(IReadOnlyList<DeviceChunkCopy> copies, CancellationToken cancellationToken)
    {
        var begun = options.LayerOrder ? QueueLayers(copies, cancellationToken) : QueueChunks(copies, cancellationToken);
        Wait([.. copies.Take(begun).Select(copy => copy.Source).Distinct()]);
        Confirm(copies, begun);
    }

    /// <returns>How many were queued.</returns>
    private int QueueChunks(IReadOnlyList<DeviceChunkCopy> copies, CancellationToken cancellationToken)
    {
        for (var i = 0; i < copies.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!TryBegin(copies[i])) return i;
            Queue(copies[i], 0, copies[i].Slice.Segments);
        }

        return copies.Count;
    }

    /// <summary>Every token is incomplete until the last layer is there.</summary>
    private int QueueLayers(IReadOnlyList<DeviceChunkCopy> copies, CancellationToken cancellationToken)
    {
        if (!copies.All(TryBegin)) return 0;
        var layers = copies[0].Slice.Shape.SegmentLayers;
        for (var segment = 0; segment < layers.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var end = segment + 1;
            while (end < layers.Length && layers[end] == layers[segment]) end++;
            foreach (var copy in copies) Queue(copy, segment, end);
            segment = end;
        }

        return copies.Count;
    }

    private bool TryBegin(DeviceChunkCopy copy)
    {
        if (copy.TryBegin()) return true;
        Failure = "The block was taken back before it was copied.";
        return false;
    }

    private void Queue(DeviceChunkCopy copy, int segment, int endSegment)
    {
        var lane = copy.Source.Lane;
        for (; segment < endSegment; segment++)
        {
            var tokens = new SegmentTokens(segment, copy.FirstToken, copy.Slice.Tokens, copy.Slice.Shape.SegmentBytesPerToken(segment));
            var flat = copy.Address + (ulong)copy.Slice.Run(segment).Offset;
            DeviceTileCopy.Plan(lane.Batch, lane.Kind, flat, destination, tokens, intoTiles: true);
        }

        lane.Queue();
    }

    private void Wait(HitSource[] sources)
    {
        // That of the device first: it is ready long before the host's.
        foreach (var source in sources.OrderByDescending(source => source.Plane))
        {
            source.Lane.Wait();
            source.Elapsed = time.GetElapsedTime(_started);
        }
    }

    private void Confirm(IReadOnlyList<DeviceChunkCopy> copies, int begun)
    {
        var whole = 0;
        while (whole < begun && copies[whole].IsStillThere()) whole++;
        if (whole < begun) Failure = "The block was taken back while it was copied.";
        if (options.LayerOrder && whole < copies.Count) whole = 0;
        if (whole == 0) return;
        EndToken = copies[whole - 1].EndToken;
        foreach (var chunks in copies.Take(whole).GroupBy(copy => copy.Source))
        {
            Loads.Add(new PlaneLoad(chunks.Key.Plane, chunks.Sum(copy => copy.Slice.Tokens),
                chunks.Sum(copy => (long)copy.Slice.Bytes), chunks.Key.Elapsed));
        }
    }
}
