using PrefixCache.Core.Index;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>One claim's keys in the fleet, one for each chunk position: renewed, and let go as its chunks come.</summary>
/// <remarks>
/// Told of what happens under the node's lock, and carries it out behind it, one call after the other. A key is let go when its chunk is
/// where other nodes find it, and not before. Where the node does not write what it stores, the keys stay, and for a while after the end:
/// who comes late waits like the others, which has it written.
/// </remarks>
internal sealed class FleetHold
{
    /// <summary>Who asks together does not ask at the same moment.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(3);

    private readonly FleetCalls _calls;
    private readonly Claim _claim;
    private readonly Guid _holder;
    private readonly List<(int Position, ChunkKey Key)> _keys;

    /// <summary>The same: words of other nodes are looked up under the node's lock.</summary>
    private readonly HashSet<ChunkKey> _held;
    private readonly TaskCompletionSource _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isRunning;
    private bool _advanced;
    private bool _renew;
    private bool _ended;
    private bool _isWhole;

    /// <param name="keys">Held by <paramref name="holder"/> already.</param>
    public FleetHold(FleetCalls calls, Claim claim, List<(int Position, ChunkKey Key)> keys, Guid holder) =>
        (_calls, _claim, _keys, _held, _holder) = (calls, claim, keys, [.. keys.Select(held => held.Key)], holder);

    /// <summary>All keys were let go.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Somebody waits for it on another node.</summary>
    public bool IsAwaited => _waited.Task.IsCompleted;

    public bool Holds(ChunkKey key) => _held.Contains(key);

    /// <summary>A position of the claim is there.</summary>
    public void Advanced() => Start(ref _advanced);

    public void Renew() => Start(ref _renew);

    /// <summary>Somebody waits on another node.</summary>
    public void Awaited()
    {
        _waited.TrySetResult();
        if (!_ended) Start(ref _advanced);
    }

    /// <summary>The claim has ended.</summary>
    /// <param name="isWhole">All of its range is there.</param>
    public void End(bool isWhole)
    {
        _isWhole = isWhole;
        Start(ref _ended);
    }

    private void Start(ref bool wanted)
    {
        wanted = true;
        if (_isRunning) return;
        _isRunning = true;
        _ = Task.Run(RunAsync);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            bool ends, advances;
            IReadOnlyList<ChunkNode> nodes;
            lock (_calls.Gate)
            {
                (ends, advances) = (_ended, _advanced);
                if (!ends && !advances && !_renew)
                {
                    _isRunning = false;
                    return;
                }

                (_advanced, _renew) = (false, false);
                nodes = [.. _claim.Nodes];
            }

            if (ends)
            {
                await EndAsync(nodes);
                return;
            }

            if (advances && await _calls.SettleAsync(nodes, IsAwaited)) await ReleaseAsync(FirstOpen());
            await Task.WhenAll(Keys(int.MaxValue).Select(key => _calls.RenewAsync(key, _holder)));
        }
    }

    private int FirstOpen()
    {
        lock (_calls.Gate) return _claim.FirstOpen;
    }

    private async Task EndAsync(IReadOnlyList<ChunkNode> nodes)
    {
        if (!await _calls.SettleAsync(nodes, IsAwaited) && _isWhole)
        {
            await Task.WhenAny(_waited.Task, _calls.Delay(Linger));
            if (IsAwaited) await _calls.SettleAsync(nodes, true);
        }

        await ReleaseAsync(int.MaxValue);
        lock (_calls.Gate) IsOver = true;
    }

    private async Task ReleaseAsync(int end)
    {
        await Task.WhenAll(Keys(end).Select(key => _calls.ReleaseAsync(key, _holder)));
        lock (_calls.Gate) _keys.RemoveAll(held => held.Position < end && _held.Remove(held.Key));
    }

    private List<ChunkKey> Keys(int end)
    {
        lock (_calls.Gate) return [.. _keys.Where(held => held.Position < end).Select(held => held.Key)];
    }
}
