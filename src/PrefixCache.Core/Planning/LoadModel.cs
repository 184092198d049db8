namespace PrefixCache.Core.Planning;

/// <summary>How long a load of so many bytes takes from one source: a fixed part and one for each byte.</summary>
/// <remarks>
/// Both are kept as multiples of the prior's and fitted to the reports' times, each as a multiple of what the prior expects of its size, so
/// that small loads count as much as large ones. Where nothing is reported for a while the estimate goes back to the prior. Not
/// thread-safe.
/// </remarks>
internal sealed class LoadModel(LoadSource source)
{
    /// <summary>Four reports make most of the estimate: networks change faster than GPUs.</summary>
    private const double Forgetting = 0.75;

    private const double PriorWeight = 0.001;

    /// <summary>An estimate holds for so long after the last report,</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    /// <summary>and then loses half of its distance from the prior, as a factor, in each of these.</summary>
    private static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(2);

    private static readonly double LongestNanoseconds = TimeSpan.FromMinutes(10).TotalNanoseconds;

    /// <summary>10 TB/s.</summary>
    private const double FastestNanosecondsPerByte = 1e-4;

    private readonly LoadPrior _prior = LoadPrior.Of(source);
    private readonly CostFit _fit = new(Forgetting, startA: 1, startB: 1, PriorWeight, PriorWeight);

    /// <summary>When the last report came, on the caller's clock.</summary>
    private TimeSpan _reported = TimeSpan.MinValue;

    /// <summary>Takes a report in; what cannot be true is left out.</summary>
    /// <param name="now">On a clock that only goes forward.</param>
    public void Report(long bytes, double nanoseconds, TimeSpan now)
    {
        if (bytes < 1 || nanoseconds < bytes * FastestNanosecondsPerByte || !(nanoseconds <= LongestNanoseconds)) return;
        var usual = _prior.Estimate(bytes);
        _fit.Add(_prior.FixedNanoseconds / usual, _prior.NanosecondsPerByte * bytes / usual, nanoseconds / usual,
            expected: Estimate(bytes, now) / usual, earlier: Share(now));
        _reported = now;
    }

    /// <summary>Nanoseconds for a load of so many bytes; none for none.</summary>
    public double Estimate(double bytes, TimeSpan now)
    {
        if (bytes <= 0) return 0;
        var usual = _prior.Estimate(bytes);
        var share = Share(now);
        if (share == 0) return usual;
        var measured = (_fit.A * _prior.FixedNanoseconds) + (_fit.B * _prior.NanosecondsPerByte * bytes);
        return share == 1 ? measured : usual * Math.Pow(measured / usual, share);
    }

    /// <summary>What the reports still count: 1 while they are fresh, 0 when they are forgotten or there were none.</summary>
    private double Share(TimeSpan now)
    {
        if (_reported == TimeSpan.MinValue) return 0;
        var stale = now - _reported - Fresh;
        return stale <= TimeSpan.Zero ? 1 : Math.Pow(0.5, stale / HalfLife);
    }
}
