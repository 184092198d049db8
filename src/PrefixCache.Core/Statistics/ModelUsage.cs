using PrefixCache.Core.Index;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;

namespace PrefixCache.Core.Statistics;

/// <summary>What one tenant's engines asked of one model, and what they had of it.</summary>
/// <remarks>Each counter is changed by Interlocked alone and may be read at any time.</remarks>
public sealed class ModelUsage
{
    private readonly long[] _hit = new long[Enum.GetValues<CacheTier>().Length];
    private readonly long[] _missed = new long[Enum.GetValues<MissReason>().Length];
    private readonly long[] _bytes = new long[Enum.GetValues<LoadSource>().Length];
    private readonly long[] _loadNanoseconds = new long[Enum.GetValues<LoadSource>().Length];
    private long _lookups;
    private long _tokensAsked;
    private long _tokensLoaded;
    private long _tokensComputed;
    private long _computeNanoseconds;
    private long _savedNanoseconds;

    internal ModelUsage(string tenant, string model) => (Tenant, Model) = (tenant, model);

    public string Tenant { get; }

    public string Model { get; }

    public long Lookups => Volatile.Read(ref _lookups);

    public long TokensAsked => Volatile.Read(ref _tokensAsked);

    /// <summary>As workers report on release.</summary>
    public long TokensLoaded => Volatile.Read(ref _tokensLoaded);

    public long TokensComputed => Volatile.Read(ref _tokensComputed);

    public long ComputeNanoseconds => Volatile.Read(ref _computeNanoseconds);

    /// <summary>What computing the tokens that were loaded is expected to have taken; 0 until computing was measured.</summary>
    public long SavedNanoseconds => Volatile.Read(ref _savedNanoseconds);

    /// <summary>Tokens of lookups that were a hit, by where they lay: what had come from Redis for the request counts as Redis's.</summary>
    public long TokensHit(CacheTier tier) => Volatile.Read(ref _hit[(int)tier]);

    public long TokensMissed(MissReason reason) => Volatile.Read(ref _missed[(int)reason]);

    /// <summary>Payload that workers report to have loaded by a plane.</summary>
    public long BytesLoaded(LoadSource plane) => Volatile.Read(ref _bytes[(int)plane]);

    public long LoadNanoseconds(LoadSource plane) => Volatile.Read(ref _loadNanoseconds[(int)plane]);

    /// <summary>A lookup was answered.</summary>
    /// <param name="gpu">Tokens of the hit that lay on the worker's device.</param>
    /// <param name="redis">Tokens of it that had come from Redis for this request.</param>
    internal void LookedUp(int asked, int hit, int gpu, int redis)
    {
        Interlocked.Increment(ref _lookups);
        Interlocked.Add(ref _tokensAsked, asked);
        gpu = Math.Min(gpu, hit);
        redis = Math.Clamp(redis, 0, hit - gpu);
        Interlocked.Add(ref _hit[(int)CacheTier.Gpu], gpu);
        Interlocked.Add(ref _hit[(int)CacheTier.Redis], redis);
        Interlocked.Add(ref _hit[(int)CacheTier.Host], hit - gpu - redis);
    }

    internal void Missed(MissReason reason, int tokens) => Interlocked.Add(ref _missed[(int)reason], tokens);

    internal void Loaded(in LoadReport report)
    {
        Interlocked.Add(ref _tokensLoaded, report.Failed ? 0 : report.Tokens);
        Interlocked.Add(ref _bytes[(int)report.Source], report.Bytes);
        Interlocked.Add(ref _loadNanoseconds[(int)report.Source], (long)report.Time.TotalNanoseconds);
    }

    internal void Computed(in ComputeReport report)
    {
        Interlocked.Add(ref _tokensComputed, report.Tokens);
        Interlocked.Add(ref _computeNanoseconds, (long)report.Time.TotalNanoseconds);
    }

    internal void Saved(double nanoseconds) => Interlocked.Add(ref _savedNanoseconds, (long)nanoseconds);
}
