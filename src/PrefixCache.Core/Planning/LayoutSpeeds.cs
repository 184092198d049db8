using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Planning;

/// <summary>What one tenant's engines were seen to do with one layout: how fast they compute it and how fast it loads.</summary>
/// <remarks>Protected by <see cref="Gate"/>, which is held for a few hundred nanoseconds and under which nothing else is called.</remarks>
internal sealed class LayoutSpeeds(KvLayout layout)
{
    /// <summary>One decision of so many against loading is a probe.</summary>
    public const int ProbeEvery = 32;

    /// <summary>Loading may take so many times as long as computing where throughput counts.</summary>
    public const double ThroughputFactor = 4;

    private readonly LoadModel[] _loads = [.. Enum.GetValues<LoadSource>().Select(source => new LoadModel(source))];

    /// <summary>Decisions against loading since the last probe, per tier.</summary>
    private readonly int[] _against = new int[Enum.GetValues<CacheTier>().Length];

    /// <summary>Ranks load side by side: the one with most bytes says how long it takes.</summary>
    private readonly double _rankBytesPerToken = layout.Ranks.Max(rank => layout.Shards.Zip(layout.Shapes)
        .Where(part => part.First.Ranks.Contains(rank)).Sum(part => (long)part.Second.BytesPerToken));

    /// <summary>The node moves every shard.</summary>
    private readonly double _bytesPerToken = layout.BytesPerToken;

    public Lock Gate { get; } = new();

    public PrefillModel Prefill { get; } = new();

    public LoadModel Load(LoadSource source) => _loads[(int)source];

    /// <summary>Decides on the part [computed, gpu) that lies on the worker's device.</summary>
    public LoadDecision DecideGpu(in LoadQuestion question, LoadMode mode, TimeSpan now)
    {
        var (first, end) = (question.ComputedTokens, question.GpuTokens);
        var load = Load(LoadSource.Device).Estimate((end - first) * _rankBytesPerToken, now);
        var compute = Prefill.Estimate(first, end);
        return Decide(CacheTier.Gpu, question, mode, (first, end), load, compute, load <= compute * Factor(mode));
    }

    /// <summary>Decides on the part [computed, hit) that the host tier has, or what of it does not lie on the device.</summary>
    public LoadDecision DecideHost(in LoadQuestion question, LoadMode mode, TimeSpan now)
    {
        var (first, end) = (Math.Max(question.ComputedTokens, question.GpuTokens), question.HitTokens);
        var load = HostTime(question.Plane, end - first, now);
        var compute = Prefill.Estimate(first, end);
        return Decide(CacheTier.Host, question, mode, (first, end), load, compute, load <= compute * Factor(mode));
    }

    /// <summary>Decides on the part behind the hit that Redis has: the node moves it, then the worker loads it from the host
    /// tier.</summary>
    /// <remarks>
    /// It is loaded where that is faster than to compute it, and than to compute all: with the first part that the host tier has, whose
    /// loading alone may not be worth it.
    /// </remarks>
    public LoadDecision DecideRedis(in LoadQuestion question, LoadMode mode, TimeSpan now)
    {
        var start = question.ComputedTokens;
        var (first, end) = (Math.Max(start, question.HitTokens), question.RedisEnd);
        var host = HostTime(question.Plane, first - start, now);
        var load = Load(LoadSource.Redis).Estimate((end - first) * _bytesPerToken, now)
            + HostTime(question.Plane, end - start, now) - host;
        var compute = Prefill.Estimate(first, end);
        var factor = Factor(mode);
        var isWorth = load <= compute * factor && host + load <= Prefill.Estimate(start, end) * factor;
        return Decide(CacheTier.Redis, question, mode, (first, end), load, compute, isWorth);
    }

    private static double Factor(LoadMode mode) => mode == LoadMode.Throughput ? ThroughputFactor : 1;

    private double HostTime(LoadSource plane, int tokens, TimeSpan now) => Load(plane).Estimate(tokens * _rankBytesPerToken, now);

    private LoadDecision Decide(CacheTier tier, in LoadQuestion question, LoadMode mode, (int First, int End) part, double load,
        double compute, bool isWorth)
    {
        var (loads, reason) = mode switch
        {
            LoadMode.Always => (true, LoadReason.Mode),
            LoadMode.Never => (false, LoadReason.Mode),
            _ when !Prefill.IsMeasured => (true, LoadReason.Unknown),
            _ when isWorth => (true, LoadReason.Estimate),
            _ when ++_against[(int)tier] >= ProbeEvery => (true, LoadReason.Probe),
            _ => (false, LoadReason.Estimate),
        };
        if (reason == LoadReason.Probe) _against[(int)tier] = 0;
        return new LoadDecision(tier, part.First, part.End, (long)load, (long)compute, loads, reason)
        {
            LoadEnd = !loads ? part.First : reason == LoadReason.Probe ? ProbeEnd(question, part, compute / load) : part.End,
        };
    }

    /// <summary>A probe loads what takes as long as computing the part would, but at least a chunk: so it never costs much.</summary>
    private int ProbeEnd(in LoadQuestion question, (int First, int End) part, double share)
    {
        var tokens = Math.Max((int)((part.End - part.First) * Math.Min(share, 1)), layout.ChunkTokens);
        var align = Math.Max(question.AlignTokens, 1);
        var end = Math.Min(part.First + tokens, part.End) / align * align;
        return end > part.First ? end : Math.Min(end + align, part.End);
    }
}
