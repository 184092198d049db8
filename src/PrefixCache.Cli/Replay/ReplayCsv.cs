using System.Globalization;
using System.Text;
using PrefixCache.Core.Replay;

namespace PrefixCache.Cli.Replay;

/// <summary>Results for spreadsheets: a line for each run, then, where it is asked for, one for each step of the exact curve.</summary>
internal static class ReplayCsv
{
    private const string Head =
        "policy,capacity,capacity_unit,mode,requests,hit_blocks,total_blocks,block_hit_rate,hit_tokens,total_tokens,token_hit_rate,evictions";

    public static string Write(ReplayReport report)
    {
        var text = new StringBuilder(Head).Append('\n');
        foreach (var run in report.Runs)
        {
            var capacity = run.Setup.Capacity;
            var amount = capacity.IsUnlimited ? "inf" : capacity.Amount.ToString(CultureInfo.InvariantCulture);
            Add(text, run.Setup.Policy, amount, capacity.IsBytes, run.Setup.Mode, run.Requests, run.HitBlocks, run.TotalBlocks,
                run.HitTokens, run.TotalTokens, run.Evictions);
        }

        foreach (var mode in report.Options.Curve ? report.Options.Modes : [])
        {
            var curve = report.Curve(mode);
            foreach (var capacity in curve.Steps)
            {
                Add(text, $"{ReplayPolicies.FlatLru} (exact)", capacity.ToString(CultureInfo.InvariantCulture), false, mode,
                    report.Trace.Requests, curve.HitBlocks(capacity), curve.TotalBlocks, curve.HitTokens(capacity), curve.TotalTokens,
                    curve.Evictions(capacity));
            }
        }

        return text.ToString();
    }

    private static void Add(StringBuilder text, string policy, string capacity, bool isBytes, ReplayMode mode, int requests,
        long hitBlocks, long blocks, long hitTokens, long tokens, long evictions)
    {
        var (blockRate, tokenRate) = (blocks == 0 ? 0 : (double)hitBlocks / blocks, tokens == 0 ? 0 : (double)hitTokens / tokens);
        text.Append(CultureInfo.InvariantCulture, $"{policy},{capacity},{(isBytes ? "bytes" : "blocks")},{ReplayText.Of(mode)},{requests},");
        text.Append(CultureInfo.InvariantCulture, $"{hitBlocks},{blocks},{blockRate:0.000000},");
        text.Append(CultureInfo.InvariantCulture, $"{hitTokens},{tokens},{tokenRate:0.000000},{evictions}\n");
    }
}
