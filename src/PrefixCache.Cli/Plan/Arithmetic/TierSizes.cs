using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>How much memory each tier of a node should have.</summary>
internal sealed class TierSizes
{
    /// <summary>Blocks come in steps of so many tokens.</summary>
    public const int StepTokens = 16;

    /// <summary>Share that eviction is given to choose from, and that blocks waste.</summary>
    public const double Slack = 0.1;

    private const long Gibibyte = 1L << 30;
    private const long Mebibyte = 1L << 20;

    public TierSizes(PlanSetup setup, SharedPrefixShape prefix, Deployment? deployment)
    {
        var kv = new KvCost(setup.Model, setup.KvType);
        PrefixTokens = Rounding.Up(prefix.Tokens, StepTokens);
        PrefixBytes = prefix.Count * PrefixTokens * kv.SharedTokenBytes;
        Requests = Math.Max(1, setup.Users ?? deployment?.AtWorst ?? 1);
        OwnTokens = Math.Max(0, Rounding.Up(setup.AverageContext, StepTokens) - Rounding.Down(prefix.Tokens, StepTokens));
        OwnBytes = Requests * OwnTokens * kv.SharedTokenBytes;
        HostLeastBytes = WithSlack(PrefixBytes);
        HostBytes = WithSlack(PrefixBytes + OwnBytes);
        if (deployment is not null)
            GpuBytes = Rounding.Up(prefix.Count * kv.RankSharedBytes(PrefixTokens, deployment.Budget.Ranks), Mebibyte);
    }

    /// <summary>Of a prefix, in whole steps.</summary>
    public long PrefixTokens { get; }

    /// <summary>Of all prefixes.</summary>
    public long PrefixBytes { get; }

    /// <summary>Requests whose own KV is kept until they come again.</summary>
    public long Requests { get; }

    /// <summary>Of a request of average length, behind the prefix.</summary>
    public long OwnTokens { get; }

    public long OwnBytes { get; }

    /// <summary>For each GPU: the prefixes alone; 0 = no GPU was named.</summary>
    public long GpuBytes { get; }

    /// <summary>The prefixes alone: with pins, or an admission that leaves out what comes once.</summary>
    public long HostLeastBytes { get; }

    /// <summary>The prefixes, and what the requests of a moment have behind them.</summary>
    public long HostBytes { get; }

    /// <summary>What all nodes share is there once, however many they are.</summary>
    public long RedisBytes => HostBytes;

    private static long WithSlack(long bytes) => Rounding.Up((long)Math.Ceiling(bytes * (1 + Slack)), Gibibyte);
}
