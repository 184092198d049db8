using PrefixCache.Core.Results;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>Lookups that are answered when nothing they could wait for is pending any more, or their time is over.</summary>
/// <remarks>
/// Thread-safe; blocks no thread. Looks up, waits until the reservation's state has changed, looks up again: whatever brings chunks, the
/// node's own requests or others, wakes it by <see cref="Reservation.Changed"/>. Counted once, with its answer.
/// </remarks>
public sealed class LookupWait
{
    /// <summary>Longest wait of one call.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly LookupService _lookups;
    private readonly TimeProvider _time;
    private readonly RedisTier? _redis;
    private readonly bool _asksTiers;

    /// <param name="asksTiers">There are others than the host tier.</param>
    internal LookupWait(LookupService lookups, TimeProvider time, RedisTier? redis, bool asksTiers) =>
        (_lookups, _time, _redis, _asksTiers) = (lookups, time, redis, asksTiers);

    /// <param name="query">As for <see cref="LookupService.Lookup"/>.</param>
    /// <param name="tokens">Taken over, also when it fails.</param>
    /// <param name="wait">Zero = not at all.</param>
    /// <param name="hurry">Cancelled when the answer is wanted now, whatever is pending.</param>
    /// <param name="cancellationToken">Nobody wants the answer any more.</param>
    /// <exception cref="OperationCanceledException">The call was given up; a reservation that it made has ended.</exception>
    public ValueTask<Result<LookupAnswer>> LookupAsync(
        in LookupQuery query, TokenBuffer tokens, TimeSpan wait, CancellationToken hurry, CancellationToken cancellationToken)
    {
        if (wait <= TimeSpan.Zero && !_asksTiers) return ValueTask.FromResult(_lookups.Lookup(query, tokens));
        if (wait > Longest)
        {
            tokens.Dispose();
            return ValueTask.FromResult<Result<LookupAnswer>>(CacheError.InvalidArgument(
                $"policy.wait_ms is {wait.TotalMilliseconds:0}: at most {Longest.TotalMilliseconds:0}; ask again for more."));
        }

        var whole = query;
        return _lookups.Complete(ref whole, tokens).Succeeded(out var all, out var fault)
            ? WaitAsync(whole, all, wait, hurry, cancellationToken)
            : ValueTask.FromResult<Result<LookupAnswer>>(fault);
    }

    private async ValueTask<Result<LookupAnswer>> WaitAsync(
        LookupQuery query, TokenBuffer tokens, TimeSpan wait, CancellationToken hurry, CancellationToken cancellationToken)
    {
        using var kept = tokens;
        var started = _time.GetTimestamp();
        CancellationTokenSource? either = null;
        try
        {
            while (true)
            {
                var left = wait - _time.GetElapsedTime(started);
                var isLast = left <= TimeSpan.Zero || hurry.IsCancellationRequested;
                var result = _lookups.Ask(query with { Waits = !isLast, AsksTiers = _asksTiers }, tokens.Retain());
                if (!result.Succeeded(out var answer, out _) || answer.IsFinal) return result;
                query = query with { Resumes = answer.Reservation };
                either ??= CancellationTokenSource.CreateLinkedTokenSource(hurry, cancellationToken);
                var (change, most) = answer.Searching is { } search ? (search, answer.SearchBudget) : (answer.Changed!, left);
                await change.WaitAsync(most, _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (answer is { Searching.IsCompleted: false, IsRedisAsked: true } && !either.IsCancellationRequested) _redis!.Late();
                if (!cancellationToken.IsCancellationRequested) continue;
                _lookups.GiveUp(query.Session, answer.Reservation);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            either?.Dispose();
        }
    }
}
