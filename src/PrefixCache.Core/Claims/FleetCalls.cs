using PrefixCache.Core.Index;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>Asks the fleet with a deadline; what fails or is late counts as no answer.</summary>
// Its semaphore has no wait handle: there is nothing to dispose, and who waits may come after the end.
#pragma warning disable CA1001
internal sealed class FleetCalls(IFleetClaims fleet, NodeState state, TimeSpan lifetime)
#pragma warning restore CA1001
{
    /// <summary>A worker waits for the answer before it computes.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(250);

    /// <summary>Calls under way at a time: those of a long prompt, or of many, must not crowd lookups out.</summary>
    private const int MaxCalls = 256;

    private readonly SemaphoreSlim _places = new(MaxCalls);

    public Lock Gate => state.Gate;

    /// <summary>Waits until chunks are where other nodes find them, or will not be: a key is let go after that.</summary>
    /// <param name="isAwaited">They are wanted there.</param>
    /// <returns>They are there.</returns>
    public async Task<bool> SettleAsync(IReadOnlyList<ChunkNode> nodes, bool isAwaited) =>
        state.Redis is not { } redis || await redis.Writer.SettleAsync(nodes, isAwaited);

    public Task Delay(TimeSpan time) => Task.Delay(time, state.Time);

    /// <summary>The fleet's name of a position, and what is told of it.</summary>
    public static (ChunkKey Key, byte[] Tokens) Describe(in ChunkKey parent, TokenBuffer tokens, int first, int count)
    {
        var text = tokens.Text(first, count);
        var head = text.Cut(Math.Min(count, ClaimKeys.HeadTokens));
        return (ClaimKeys.Of(parent, head.Bytes, head.EncodeItems()), FleetTokens.Encode(text));
    }

    /// <summary>Null = the fleet did not answer.</summary>
    public async Task<FleetTake?> TryTakeAsync(ChunkKey key, Guid holder, byte[] tokens)
    {
        state.Counters.Hashed(Math.Min(tokens.Length / sizeof(uint), ClaimKeys.HeadTokens));
        var take = await AskAsync<FleetTake?>(async token => await fleet.TryTakeAsync(key, holder, tokens, lifetime, token), null);

        // An answer that is late may have taken it: nobody would let it go.
        if (take is null) _ = ReleaseAsync(key, holder);
        return take;
    }

    public Task<bool> RenewAsync(ChunkKey key, Guid holder) => AskAsync(token => fleet.RenewAsync(key, holder, lifetime, token), true);

    /// <summary>False = nobody holds the key, or there is no answer.</summary>
    public Task<bool> RegisterWaiterAsync(ChunkKey key) => AskAsync(token => fleet.RegisterWaiterAsync(key, token), false);

    public Task ReleaseAsync(ChunkKey key, Guid holder) => AskAsync(async token =>
    {
        await fleet.ReleaseAsync(key, holder, token);
        return true;
    }, false);

    private async Task<T> AskAsync<T>(Func<CancellationToken, ValueTask<T>> ask, T none)
    {
        using var deadline = new CancellationTokenSource(Deadline, state.Time);
        try
        {
            return await TakeTurnAsync(ask, deadline.Token).WaitAsync(deadline.Token);
        }
        catch (Exception)
        {
            // Whatever went wrong out there, this node's workers go on; the fleet's side logs and counts it.
            return none;
        }
    }

    private async Task<T> TakeTurnAsync<T>(Func<CancellationToken, ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await ask(cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }
}
