using Google.Protobuf.Collections;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>The lookup's answer as messages: neighbouring chunk positions that are alike share one.</summary>
internal static class LookupMessages
{
    public static LookupResponse ToMessage(this in LookupAnswer answer)
    {
        var response = new LookupResponse
        {
            Reservation = answer.Reservation,
            HitTokens = (uint)answer.HitTokens,
            LoadTokens = (uint)answer.Plan.LoadTokens,
            PendingTokens = (uint)answer.PendingTokens,
        };
        AddRuns(response.Runs, answer, 0);
        foreach (var located in answer.Located)
        {
            response.Extents.Add(located.ToMessage());
            if (located.Gpu is { } gpu) response.DeviceExtents.Add(gpu.ToMessage());
        }

        Add(response.Decisions, answer.Plan.Gpu);
        Add(response.Decisions, answer.Plan.Host);
        Add(response.Decisions, answer.Plan.Redis);
        return response;
    }

    /// <param name="position">Tokens before the appended ones.</param>
    public static AppendResponse ToAppendMessage(this in LookupAnswer answer, int position)
    {
        var response = new AppendResponse { TotalTokens = (uint)answer.TotalTokens };
        AddRuns(response.Runs, answer, position / answer.ChunkTokens);
        return response;
    }

    private static void Add(RepeatedField<Protocol.V1.LoadDecision> decisions, in Core.Planning.LoadDecision decision)
    {
        if (decision.Tier == CacheTier.None) return;
        decisions.Add(new Protocol.V1.LoadDecision
        {
            Tier = (Tier)decision.Tier,
            FirstToken = (uint)decision.FirstToken,
            EndToken = (uint)decision.EndToken,
            LoadNanoseconds = (ulong)decision.LoadNanoseconds,
            ComputeNanoseconds = (ulong)decision.ComputeNanoseconds,
            Load = decision.Load,
            Reason = (Protocol.V1.LoadDecision.Types.Reason)decision.Reason,
        });
    }

    private static void AddRuns(RepeatedField<ChunkRun> runs, in LookupAnswer answer, int first)
    {
        ChunkRun? run = null;
        var nextMiss = 0;
        for (var position = first; position < ChunkPosition.Count(answer.TotalTokens, answer.ChunkTokens); position++)
        {
            var tokens = (uint)ChunkPosition.Tokens(position, answer.TotalTokens, answer.ChunkTokens);
            var hit = (uint)Math.Clamp(answer.HitTokens - (position * answer.ChunkTokens), 0, (int)tokens);
            while (nextMiss < answer.Misses.Count && answer.Misses[nextMiss].Position <= position) nextMiss++;
            var reason = hit == tokens || nextMiss == 0 ? MissReason.MissNone : (MissReason)answer.Misses[nextMiss - 1].Reason;
            var isPending = hit == 0 && position * answer.ChunkTokens < answer.PendingTokens;
            var state = hit > 0 ? ChunkState.ChunkHit : isPending ? ChunkState.ChunkPending : ChunkState.ChunkMiss;
            var tier = hit > 0 ? (answer.IsOnGpu(position) ? Tier.Gpu : Tier.Host) : isPending ? (Tier)answer.PendingTier : Tier.None;
            if (run is not null && run.Tokens == tokens && run.HitTokens == hit && run.MissReason == reason && run.State == state
                && run.Tier == tier)
            {
                run.Count++;
                continue;
            }

            run = new ChunkRun
            {
                FirstHandle = ChunkPosition.Handle(position),
                Count = 1,
                Tokens = tokens,
                HitTokens = hit,
                State = state,
                Tier = tier,
                MissReason = reason,
            };
            runs.Add(run);
        }
    }
}
