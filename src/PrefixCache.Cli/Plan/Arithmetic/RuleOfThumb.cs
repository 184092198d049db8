namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>The sum that people do in their heads: weights + so much for each user + a buffer, in GB of 10^9 bytes.</summary>
/// <param name="UserGigabytes">For each user.</param>
/// <param name="BufferGigabytes">Once.</param>
/// <param name="Users">At a time.</param>
internal sealed record RuleOfThumb(decimal UserGigabytes, decimal BufferGigabytes, int Users)
{
    private const decimal Gigabyte = 1_000_000_000;

    /// <summary>Billions of parameters, as names of models have them; fewer than one are not rounded.</summary>
    public static decimal Billions(long parameters) =>
        parameters < Gigabyte ? parameters / Gigabyte : decimal.Round(parameters / Gigabyte, MidpointRounding.AwayFromZero);

    /// <summary>Rounded up.</summary>
    /// <param name="weightBits">Of a weight.</param>
    public long Bytes(long parameters, int weightBits) => (long)decimal.Ceiling(
        Gigabyte * ((Billions(parameters) * weightBits / 8) + (UserGigabytes * Users) + BufferGigabytes));
}
