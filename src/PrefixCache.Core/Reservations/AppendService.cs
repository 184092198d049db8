using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>Append: tokens that a request has decoded, so that their KV can be stored too. Thread-safe.</summary>
public sealed class AppendService
{
    private readonly NodeState _state;

    internal AppendService(NodeState state) => _state = state;

    /// <summary>Adds tokens behind those of a reservation.</summary>
    /// <param name="position">Tokens before the new ones.</param>
    /// <param name="tokens">u32 little-endian each.</param>
    public Result<LookupAnswer> Append(Session session, ulong reservationId, int position, ReadOnlySpan<byte> tokens)
    {
        var added = tokens.Length / TokenBuffer.TokenBytes;
        if (LookupCheck.NotScheduler(session) is { } role) return role;
        if (added == 0) return CacheError.InvalidArgument($"No tokens to append: send at least one.");
        if (tokens.Length % TokenBuffer.TokenBytes != 0)
            return CacheError.InvalidArgument($"tokens has {tokens.Length} bytes: {TokenBuffer.TokenBytes} per token, little-endian.");
        TokenBuffer old;
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(session, reservationId).Succeeded(out var found, out var error)) return error;
            old = found.Tokens.Retain();
        }

        using (old)
        {
            var repeated = position >= 0 && position <= old.Count - added && old.Slice(position, added).SequenceEqual(tokens);
            if (!repeated && position != old.Count)
                return CacheError.InvalidArgument(
                    $"position is {position}, but the reservation has {old.Count} tokens: append at its end.");
            if (repeated) return Replace(session, reservationId, old, null);
            if (_state.Limits.CheckTokens(old.Count + added) is { } limit) return limit;
            var longer = new TokenBuffer(old.Count + added, old.Items);
            old.Bytes.CopyTo(longer.Memory.Span);
            tokens.CopyTo(longer.Memory.Span[old.Bytes.Length..]);
            return Replace(session, reservationId, old, longer);
        }
    }

    private Result<LookupAnswer> Replace(
        Session session, ulong reservationId, TokenBuffer expected, TokenBuffer? longer)
    {
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(session, reservationId).Succeeded(out var reservation, out var error)
                || (longer is not null && (error = CheckReplace(reservation, expected, longer)) is not null))
            {
                longer?.Dispose();
                return error!;
            }

            if (longer is not null) _state.Reservations.ReplaceTokens(reservation, longer);
            return new LookupAnswer(reservation.Id, reservation.Tokens.Count, reservation.HitTokens, reservation.Tree.Layout.ChunkTokens);
        }
    }

    private CacheError? CheckReplace(Reservation reservation, TokenBuffer expected, TokenBuffer longer) => reservation.Tokens == expected
        ? _state.Reservations.CheckTokens(longer.Count - expected.Count)
        : CacheError.FailedPrecondition(
            $"The reservation's tokens changed while these were appended: one scheduler thread appends at a time.");
}
