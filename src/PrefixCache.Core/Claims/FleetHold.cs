using PrefixCache.Core.Index;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>One claim's key in the fleet: it moves on with the claim's first missing position, is renewed, and let go.</summary>
/// <remarks>
/// Told of what happens under the node's lock, and carries it out behind it, one call after the other. The old key is let go after the next
/// one is held, so that no other node gets in between; and not before its chunk is where other nodes find it. Where the node does not
/// write what it stores, the key stays, and for a while after the end: who comes late waits like the others, which has it written.
/// </remarks>
internal sealed class FleetHold
{
    /// <summary>Who asks together does not ask at the same moment.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(3);

    private readonly FleetCalls _calls;
    private readonly Claim _claim;
    private readonly Guid _holder;
    private bool _isRunning;
    private bool _advanced;
    private bool _renew;
    private readonly TaskCompletionSource _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;
    private bool _isWhole;
    private bool _isLost;

    /// <param name="key">Held by <paramref name="holder"/> already.</param>
    public FleetHold(FleetCalls calls, Claim claim, ChunkKey key, Guid holder) =>
        (_calls, _claim, Key, _holder) = (calls, claim, key, holder);

    /// <summary>Which key is held now.</summary>
    public ChunkKey Key { get; private set; }

    /// <summary>The key was let go, or is another's.</summary>
    public bool IsOver { get; private set; }

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
        if (_isRunning || _isLost) return;
        _isRunning = true;
        _ = Task.Run(RunAsync);
    }

    private async Task RunAsync()
    {
        while (Next() is { } step)
        {
            using (step.Tokens)
            {
                if (step.Ends)
                {
                    await EndAsync(step.Nodes);
                    return;
                }

                if (step.Tokens is null ? await _calls.RenewAsync(Key, _holder) : await MoveAsync(step)) continue;
            }

            lock (_calls.Gate) _isLost = IsOver = true;
            return;
        }
    }

    /// <summary>What is to be done next; null = nothing.</summary>
    private Step? Next()
    {
        lock (_calls.Gate)
        {
            if (_ended) return new Step(true, [.. _claim.Nodes], null, default, 0, 0);
            if (_advanced)
            {
                (_advanced, _renew) = (false, false);
                var position = _claim.FirstOpen;
                var slot = _claim.Slots[position - _claim.FirstPosition];
                var first = (position * _claim.Tree.Layout.ChunkTokens) - _claim.Origin;
                return new Step(false, [.. _claim.Nodes], _claim.Tokens.Retain(), slot.Parent, first, _claim.End - _claim.Origin - first);
            }

            if (_renew)
            {
                _renew = false;
                return new Step(false, [], null, default, 0, 0);
            }

            _isRunning = false;
            return null;
        }
    }

    /// <returns>False when the claim is known to the fleet no more.</returns>
    private async Task<bool> MoveAsync(Step step)
    {
        var (key, tokens) = FleetCalls.Describe(step.Parent, step.Tokens!, step.First, step.Count);
        if (key == Key || !await _calls.SettleAsync(step.Nodes, _waited.Task.IsCompleted)) return true;
        var isHeld = await _calls.TryTakeAsync(key, _holder, tokens) is { IsTaken: true };
        await _calls.ReleaseAsync(Key, _holder);
        if (!isHeld) return false;
        lock (_calls.Gate) Key = key;
        return true;
    }

    private async Task EndAsync(IReadOnlyList<ChunkNode> nodes)
    {
        if (!await _calls.SettleAsync(nodes, _waited.Task.IsCompleted) && _isWhole)
        {
            await Task.WhenAny(_waited.Task, _calls.Delay(Linger));
            if (_waited.Task.IsCompleted) await _calls.SettleAsync(nodes, true);
        }

        await _calls.ReleaseAsync(Key, _holder);
        lock (_calls.Gate) IsOver = true;
    }

    private sealed record Step(bool Ends, IReadOnlyList<ChunkNode> Nodes, TokenBuffer? Tokens, ChunkKey Parent, int First, int Count);
}
