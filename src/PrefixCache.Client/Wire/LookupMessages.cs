using Google.Protobuf;
using PrefixCache.Client.Sessions;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Wire;

internal static class LookupMessages
{
    /// <summary>Most that the contract allows.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    public static LookupRequest Request(NodeSession? session, Format.Layouts.KvLayout layout, LookupOptions options)
    {
        var request = new LookupRequest
        {
            Session = session?.Id ?? ByteString.Empty,
            RequestId = options.RequestId.Length == 0 ? Guid.NewGuid().ToString("N") : options.RequestId,
            LayoutId = ByteString.CopyFrom(layout.Id.ToArray()),
            Salt = options.Salt,
            Adapter = options.Adapter,
            ComputedTokens = (uint)options.ComputedTokens,
            AlignTokens = (uint)options.AlignTokens,
        };

        // A limit that was computed below zero keeps nothing; as an unsigned number it would keep all.
        if (options.StoreLimitTokens is { } limit) request.StoreLimitTokens = (uint)Math.Max(limit, 0);
        request.Items.AddRange(Items(options.Items));
        var wait = Math.Clamp(options.Wait.TotalMilliseconds, 0, LongestWait.TotalMilliseconds);
        if (wait > 0) request.Policy = new LookupPolicy { WaitMs = (uint)Math.Ceiling(wait) };
        if (options.LoadMode != LoadMode.NodeDefault)
            (request.Policy ??= new LookupPolicy()).LoadMode = (Protocol.V1.LoadMode)options.LoadMode;

        // Ranks of an engine with several locate their shards themselves.
        if (session?.Arena is not null && layout.Shards.Count == 1) request.ExtentShards.Add(0);
        return request;
    }

    /// <summary>What of the hit is worth loading, never more than it. A node that decides nothing says nothing: all is.</summary>
    public static int LoadTokens(LookupResponse answer) =>
        (int)(answer.Decisions.Count == 0 && answer.LoadTokens == 0 ? answer.HitTokens : Math.Min(answer.LoadTokens, answer.HitTokens));

    public static IReadOnlyList<LoadDecision> Decisions(LookupResponse? answer) => answer is null or { Decisions.Count: 0 }
        ? []
        : [.. answer.Decisions.Select(decision => new LoadDecision((CacheTier)decision.Tier, (int)decision.FirstToken, (int)decision.EndToken,
            Time(decision.LoadNanoseconds), decision.ComputeNanoseconds == 0 ? null : Time(decision.ComputeNanoseconds), decision.Load,
            (LoadReason)decision.Reason))];

    private static TimeSpan Time(ulong nanoseconds) => TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick));

    /// <summary>Why the hit ends where it does; the first reason counts.</summary>
    public static MissReason FirstMiss(LookupResponse? answer)
    {
        if (answer is null) return MissReason.TimeOut;
        foreach (var run in answer.Runs)
            if (run.MissReason != Protocol.V1.MissReason.MissNone) return (MissReason)run.MissReason;
        return MissReason.None;
    }

    public static IEnumerable<Protocol.V1.MultimodalItem> Items(IReadOnlyList<MultimodalItem> items) => items.Select(item =>
        new Protocol.V1.MultimodalItem { Position = (uint)item.Position, Digest = ByteString.CopyFrom(item.Digest.Span) });
}
