using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sharing;
using PrefixCache.Format.Devices;

namespace PrefixCache.Core.Tiers.Gpu;

/// <summary>The hottest chunks once more in device memory, where workers of the device copy them from.</summary>
/// <remarks>
/// Owns its devices. The host tier stays the hub: a block here is a copy of one there, and when the host tier has to give a chunk up, the
/// device's is the last one, which goes down again when it is wanted or has to make room. Nothing here fails a request: a device that
/// fails is off from then on. No call of a device is made under the node's lock.
/// </remarks>
internal sealed class GpuTier : IDisposable
{
    /// <summary>A lookup waits so long for what comes back from a device: some dozens of chunks take that long.</summary>
    public static readonly TimeSpan ReturnBudget = TimeSpan.FromMilliseconds(50);

    private readonly NodeState _state;
    private readonly long _started;
    private readonly Dictionary<GpuArena, GpuPromoter> _promoters = [];
    private readonly GpuDemoter _demoter;
    private readonly Dictionary<TrustDomain, RegisteredMemory> _hosts = [];
    private int _isDisposed;

    public GpuTier(NodeState state, GpuOptions options)
    {
        (_state, Options, _started) = (state, options, state.Time.GetTimestamp());
        _demoter = new GpuDemoter(state, this);
        Devices = GpuOpener.Open(this, state.Domains.All, out var refused);
        Refused = refused;
        if (Devices.Count > 0) _hosts = state.Domains.All.ToDictionary(domain => domain, domain => Register(domain.Host.Arena));
        foreach (var arena in Devices.SelectMany(device => device.Arenas)) _promoters.Add(arena, new GpuPromoter(state, this, arena));
        foreach (var promoter in _promoters.Values) promoter.Start();
        _demoter.Start();
    }

    /// <summary>A device is off from now on.</summary>
    public event Action<DeviceIdentity, string>? Lost;

    public GpuOptions Options { get; }

    /// <summary>What was opened at start.</summary>
    public IReadOnlyList<GpuDevice> Devices { get; }

    /// <summary>Why devices are not used that should have been.</summary>
    public IReadOnlyList<string> Refused { get; }

    /// <summary>Since the start.</summary>
    public TimeSpan Now => _state.Time.GetElapsedTime(_started);

    /// <summary>What is queued is not moved any more.</summary>
    public bool IsStopping => Volatile.Read(ref _isDisposed) != 0;

    /// <summary>The arenas that a trust domain's workers may map, in a fixed order.</summary>
    public IReadOnlyList<GpuArena> ArenasOf(TrustDomain domain) =>
        [.. Devices.SelectMany(device => device.Arenas).Where(arena => arena.Domain == domain)];

    /// <summary>Moves that are queued or under way; those down are counted with every device.</summary>
    public int Moving(GpuArena arena) => _promoters[arena].Pending + _demoter.Pending;

    /// <summary>A domain's host memory. It is registered once, which counts for all devices.</summary>
    public RegisteredMemory HostOf(TrustDomain domain) => _hosts[domain];

    /// <summary>Queues a block that is hot enough. Called under the node's lock.</summary>
    public void Promote(GpuBlock block)
    {
        block.State = GpuBlockState.Queued;
        if (_promoters[block.Arena].TryAdd(new GpuPromoteJob(block))) return;
        block.State = GpuBlockState.Absent;
        block.Arena.Counters.PromotionsRefused++;
    }

    /// <summary>Queues a chunk to be copied down, for its memory is wanted and the host tier has room. Called under the lock.</summary>
    public bool TryDemote(GpuBlock block)
    {
        var (node, tier) = (block.Node, block.Arena.Domain.Host);
        return !IsElsewhere(block) && node.Parent is null or { IsGhost: false }
            && !tier.IsPressed(block.Extent.Length * node.Shards.Length) && _demoter.TryAdd(node, null);
    }

    /// <summary>All shards of a chunk, wherever they are in place. Called under the node's lock.</summary>
    public static GpuBlock[]? Find(ChunkNode node)
    {
        var found = new GpuBlock[node.Shards.Length];
        for (var block = node.Gpu; block is not null; block = block.Next)
            if (block.IsReadable) found[block.Shard] = block;
        return Array.TrueForAll(found, block => block is not null) ? found : null;
    }

    /// <summary>Copies back what the host tier lacks of a request and devices have. Called under the node's lock.</summary>
    /// <returns>Null where there is nothing, or it is under way already.</returns>
    public GpuReturn? TryReturn(Reservation reservation)
    {
        if (reservation.Return is { IsPending: true } || reservation.PathTokens >= reservation.Tokens.Count) return null;
        var (tree, tokens) = (reservation.Tree, reservation.Tokens);
        var back = new GpuReturn(reservation.Changed.Pulse);
        var (position, served) = (reservation.WholeChunks, reservation.TailTokens);
        var parent = position == 0 ? null : reservation.Path[position - 1];
        for (var first = position * tree.Layout.ChunkTokens; first < tokens.Count; first += tree.Layout.ChunkTokens)
        {
            var text = tokens.Text(first, Math.Min(tree.Layout.ChunkTokens, tokens.Count - first));
            var nearest = tree.Behind(parent).Others.Nearest(text);
            if (nearest.Node is not { } node || nearest.Common < Math.Max(served + 1, 1) || !IsUseful(node, nearest.Common)
                || !_demoter.TryAdd(node, (back, first))) break;
            back.EndTokens = first + nearest.Common;
            if (nearest.Common < tree.Layout.ChunkTokens) break;
            (parent, served) = (node, 0);
        }

        if (back.Left == 0) return null;
        reservation.Return = back;
        return back;
    }

    /// <summary>A chunk is out of the index. Called under the node's lock.</summary>
    public static void Forget(ChunkNode node)
    {
        for (var block = node.Gpu; block is not null; block = block.Next) block.Arena.Forget(block);
        node.Gpu = null;
    }

    /// <summary>A device has failed: it is off from now on, with its cause. Without the node's lock.</summary>
    public void Failed(GpuDevice device, Exception exception)
    {
        lock (_state.Gate)
        {
            if (!device.IsOn) return;
            device.TurnOff(exception is DeviceException ? exception.Message : exception.ToString());
        }

        Lost?.Invoke(device.Identity, device.Cause);
    }

    /// <summary>Ends what is under way, then gives the devices back. Before the host tier's memory goes; once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        foreach (var promoter in _promoters.Values) promoter.Dispose();
        _demoter.Dispose();
        foreach (var device in Devices)
        {
            lock (_state.Gate)
            {
                if (device.IsOn) device.TurnOff("The node stops.");
            }
        }

        foreach (var promoter in _promoters.Values) promoter.Close();
        _demoter.Close();
        foreach (var host in _hosts.Values) host.Dispose();
        foreach (var device in Devices) device.Dispose();
    }

    private unsafe RegisteredMemory Register(Arena arena) => new(Devices[0].Handle, (nint)arena.Base, arena.CapacityBytes);

    /// <summary>A match would take these tokens of it.</summary>
    private bool IsUseful(ChunkNode node, int common) =>
        common == node.TokenCount || (_state.MinPartialTokens > 0 && common >= _state.MinPartialTokens);

    /// <summary>Another device has it too, and keeps it.</summary>
    private static bool IsElsewhere(GpuBlock block)
    {
        var other = block.Node.Gpu;
        while (other is not null && (other == block || other.Shard != block.Shard || !other.IsReadable)) other = other.Next;
        return other is not null;
    }
}
