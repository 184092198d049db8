using PrefixCache.Core.Planning;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>What a hit's load takes before anybody has measured one: the node's own assumptions.</summary>
internal static class LoadTime
{
    public static double Seconds(LoadSource source, double bytes) => LoadPrior.Of(source).Estimate(bytes) / 1e9;

    /// <summary>How the time is reckoned, for people.</summary>
    public static string Formula(LoadSource source)
    {
        var prior = LoadPrior.Of(source);
        return FormattableString.Invariant($"{prior.FixedNanoseconds / 1e6:0.###} ms + bytes / {1 / prior.NanosecondsPerByte:0.#} GB/s");
    }
}
