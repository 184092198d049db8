using System.Globalization;

namespace PrefixCache.Client;

/// <summary>Weighs what the cache costs this process against what it saves, and pauses it where it does not pay.</summary>
/// <remarks>
/// Cost: the time of lookups, waits within them and loads. Saving: tokens loaded times what this process takes to compute one, as it reports
/// itself. Both over the last requests that are over: one in flight has cost a lookup and saved nothing yet. Thread-safe, under a lock of
/// its own; listeners are told outside of it.
/// </remarks>
internal sealed class ClientThrift(PrefixCacheClientOptions options, Action<ClientEvent> report)
{
    /// <summary>Lookups that are looked back on.</summary>
    private const int MaxLookups = 64;

    /// <summary>Fewer say nothing.</summary>
    private const int MinLookups = 32;

    /// <summary>What earlier reports keep of their weight with each new one: a hundred make most of the price of a token.</summary>
    private const double Forgetting = 0.99;

    private readonly Lock _gate = new();
    private readonly RequestCost[] _window = new RequestCost[MaxLookups];
    private RequestCost _sum;
    private int _count;
    private int _next;
    private double _computeTicks;
    private double _computedTokens;
    private long? _pausedAt;

    /// <summary>Says whether the next lookup is to be left out; the first one after a pause is not.</summary>
    public bool IsPaused()
    {
        if (!options.PauseWhenUseless) return false;
        lock (_gate)
        {
            if (_pausedAt is not { } started) return false;
            if (options.TimeProvider.GetElapsedTime(started) < options.PauseTime) return true;
            _pausedAt = null;
        }

        report(new ClientEvent(ClientEventKind.Resumed, "", "The pause is over: lookups ask the node again."));
        return false;
    }

    /// <summary>A request that was looked up is over.</summary>
    public void Used(in RequestCost cost)
    {
        if (!options.PauseWhenUseless) return;
        ClientEvent? paused;
        lock (_gate)
        {
            // What was begun before a pause is over by its end, and says nothing of what comes then.
            if (_pausedAt is not null) return;
            if (cost.ComputedTokens > 0 && cost.ComputeTicks > 0)
            {
                _computeTicks = (_computeTicks * Forgetting) + cost.ComputeTicks;
                _computedTokens = (_computedTokens * Forgetting) + cost.ComputedTokens;
            }

            _sum = _sum - _window[_next] + cost;
            _window[_next] = cost;
            _next = (_next + 1) % _window.Length;
            _count = Math.Min(_count + 1, _window.Length);
            paused = Judge();
        }

        if (paused is not null) report(paused);
    }

    /// <summary>Begins a pause where the cache does not pay.</summary>
    private ClientEvent? Judge()
    {
        if (_count < MinLookups || _sum.ComputeTicks == 0) return null;
        var saved = _sum.LoadedTokens * (_computeTicks / _computedTokens);
        if (_sum.Ticks - saved <= Math.Max(options.PauseLoss, 0) * _sum.ComputeTicks) return null;
        var reason = string.Create(CultureInfo.InvariantCulture,
            $"The last {_count} lookups and their loads cost {Milliseconds(_sum.Ticks):F1} ms and saved {Milliseconds(saved):F1} ms of "
            + $"computing, which took {Milliseconds(_sum.ComputeTicks):F1} ms: nothing is looked up or stored for "
            + $"{options.PauseTime.TotalSeconds:0.#} s.");
        _pausedAt = options.TimeProvider.GetTimestamp();
        Array.Clear(_window);
        (_sum, _count, _next) = (default, 0, 0);
        return new ClientEvent(ClientEventKind.Paused, "", reason);
    }

    private static double Milliseconds(double ticks) => ticks / TimeSpan.TicksPerMillisecond;
}
