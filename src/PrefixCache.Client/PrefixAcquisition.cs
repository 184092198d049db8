using PrefixCache.Client.Wire;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Client;

/// <summary>One course of lookups and claims, until what a prompt lacks is this process's to compute.</summary>
internal sealed class PrefixAcquisition
{
    private readonly PrefixCacheClient _client;
    private readonly KvLayout _layout;
    private readonly ReadOnlyMemory<int> _tokens;
    private readonly LookupOptions _options;
    private readonly bool _mayForget;
    private readonly long _started;

    public PrefixAcquisition(PrefixCacheClient client, KvLayout layout, ReadOnlyMemory<int> tokens, LookupOptions options)
    {
        (_client, _layout, _tokens) = (client, layout, tokens);
        _mayForget = options.RequestId.Length == 0;

        // Every lookup is of the same request, so that the reservation keeps its hit while it grows.
        _options = _mayForget ? options with { RequestId = Guid.NewGuid().ToString("N") } : options;
        _started = client.Options.TimeProvider.GetTimestamp();
    }

    private TimeSpan Left
    {
        get
        {
            var left = _options.MaxWait - _client.Options.TimeProvider.GetElapsedTime(_started);
            return left < TimeSpan.Zero ? TimeSpan.Zero : left < LookupMessages.LongestWait ? left : LookupMessages.LongestWait;
        }
    }

    public async ValueTask<PrefixReservation> RunAsync(CancellationToken cancellationToken)
    {
        var reservation = await LookUpAsync(_mayForget, cancellationToken);
        try
        {
            while (reservation.IsLive && reservation.HitTokens < reservation.TotalTokens)
            {
                var claim = await reservation.ClaimAsync(letGo: false, cancellationToken);
                if (claim.Outcome is not (ClaimOutcome.Hit or ClaimOutcome.Pending)) break;
                if (claim.Outcome == ClaimOutcome.Pending && Left == TimeSpan.Zero) break;
                var before = reservation.HitTokens;
                var next = await LookUpAsync(false, cancellationToken);

                // The node did not answer, and may know the reservation still: nobody waits for its end.
                if (!next.IsLive) _ = reservation.DisposeAsync().AsTask();
                next.Cost += reservation.Cost;
                reservation = next;

                // What was seen is gone again: whoever looks on and on computes nothing.
                if (claim.Outcome == ClaimOutcome.Hit && reservation.HitTokens <= before) break;
            }

            return reservation;
        }
        catch
        {
            await reservation.DisposeAsync();
            throw;
        }
    }

    /// <param name="mayForget">The first one, which nobody else would clean up after.</param>
    private ValueTask<PrefixReservation> LookUpAsync(bool mayForget, CancellationToken cancellationToken) =>
        _client.LookupAsync(_layout, _tokens, _options with { Wait = Left }, mayForget, cancellationToken);
}
