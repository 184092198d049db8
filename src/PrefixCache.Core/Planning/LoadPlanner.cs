using System.Collections.Concurrent;
using PrefixCache.Core.Reservations;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Planning;

/// <summary>Decides how much of a hit is worth loading, from what workers report and from the node's own moves.</summary>
/// <remarks>
/// Thread-safe, with a lock of its own per layout, held for a few hundred nanoseconds; not to be called under the node's lock, which is the
/// innermost. Speeds are kept per registered layout, which a tenant has for itself: what one tenant reports changes nothing for another.
/// There are as many as layouts (max-layouts), at about 1 KB each.
/// </remarks>
public sealed class LoadPlanner
{
    private readonly ConcurrentDictionary<KvLayout, LayoutSpeeds> _layouts = new(ReferenceEqualityComparer.Instance);
    private readonly LoadMode _mode;
    private readonly TimeProvider _time;
    private readonly long _started;

    internal LoadPlanner(LoadMode mode, TimeProvider time) => (_mode, _time, _started) = (mode, time, time.GetTimestamp());

    private TimeSpan Now => _time.GetElapsedTime(_started);

    /// <summary>Decides for one lookup.</summary>
    /// <remarks>
    /// A decision against loading counts towards the next probe: ask once per lookup. Where Redis was asked for with
    /// <see cref="ExpectRedis"/> already, leave <see cref="LoadQuestion.RedisEnd"/> at 0 and put its decision into the plan.
    /// </remarks>
    public LoadPlan Decide(in LoadQuestion question)
    {
        var isGpu = question.GpuTokens > question.ComputedTokens;
        var isHost = question.HitTokens > Math.Max(question.ComputedTokens, question.GpuTokens);
        var isRedis = question.RedisEnd > Math.Max(question.HitTokens, question.ComputedTokens);
        var mode = question.Mode ?? _mode;
        if (!isGpu && !isHost && !isRedis) return new LoadPlan(mode == LoadMode.Never ? 0 : question.HitTokens, default, default);
        var now = Now;
        var speeds = Of(question.Layout);
        LoadDecision gpu = default, host = default, redis = default;
        lock (speeds.Gate)
        {
            if (isGpu) gpu = speeds.DecideGpu(question, mode, now);
            if (isHost) host = speeds.DecideHost(question, mode, now);
            if (isRedis) redis = speeds.DecideRedis(question, mode, now);
        }

        // What is loaded is a prefix: one part less, and nothing behind it is.
        var end = isGpu && (!isHost || !gpu.Load || gpu.LoadEnd < gpu.EndToken) ? (gpu.Load ? gpu.LoadEnd : 0)
            : isHost ? (host.Load ? host.LoadEnd : isGpu ? gpu.LoadEnd : 0)
            : mode == LoadMode.Never ? 0 : question.HitTokens;
        return new LoadPlan(end, host, redis) { Gpu = gpu };
    }

    /// <summary>Whether other tiers are worth asking at all.</summary>
    /// <param name="mode">Of the lookup; null = the node's.</param>
    public bool Loads(LoadMode? mode) => (mode ?? _mode) != LoadMode.Never;

    /// <summary>Should the node begin to load for this lookup what Redis has behind the host tier's hit?</summary>
    /// <param name="question">What the lookup asks, with the host tier's hit.</param>
    /// <param name="redisEnd">Leading tokens that there will be when Redis's have come.</param>
    /// <returns>
    /// For the answer's decisions. Where it loads: up to <see cref="LoadDecision.LoadEnd"/>, which is short of the end where it probes.
    /// </returns>
    public LoadDecision ExpectRedis(in LoadQuestion question, int redisEnd)
    {
        if (redisEnd <= Math.Max(question.HitTokens, question.ComputedTokens)) return default;
        var now = Now;
        var speeds = Of(question.Layout);
        lock (speeds.Gate) return speeds.DecideRedis(question with { RedisEnd = redisEnd }, question.Mode ?? _mode, now);
    }

    /// <summary>The node has moved bytes from Redis into the host tier.</summary>
    /// <param name="layout">The layout that the chunks have.</param>
    /// <param name="bytes">Of all shards, what one lookup waited for together.</param>
    /// <param name="elapsed">From the first request to the last byte in place.</param>
    public void RedisMoved(KvLayout layout, long bytes, TimeSpan elapsed) => Moved(layout, LoadSource.Redis, bytes, elapsed);

    /// <summary>A rank has loaded, whole or in part. What moved no bytes says nothing of speed.</summary>
    internal void Loaded(KvLayout layout, in LoadReport report) => Moved(layout, report.Source, report.Bytes, report.Time);

    /// <summary>A rank has computed.</summary>
    internal void Computed(KvLayout layout, in ComputeReport report)
    {
        var speeds = Of(layout);
        lock (speeds.Gate) speeds.Prefill.Report(report.FirstToken, report.Tokens, report.Time.TotalNanoseconds);
    }

    /// <summary>Nanoseconds that computing the first so many tokens is expected to take; 0 = nobody has reported any computing.</summary>
    internal double PrefillTime(KvLayout layout, int tokens)
    {
        var speeds = Of(layout);
        lock (speeds.Gate) return speeds.Prefill.IsMeasured ? speeds.Prefill.Estimate(0, tokens) : 0;
    }

    private void Moved(KvLayout layout, LoadSource source, long bytes, TimeSpan elapsed)
    {
        var now = Now;
        var speeds = Of(layout);
        lock (speeds.Gate) speeds.Load(source).Report(bytes, elapsed.TotalNanoseconds, now);
    }

    private LayoutSpeeds Of(KvLayout layout) => _layouts.GetOrAdd(layout, static key => new LayoutSpeeds(key));
}
