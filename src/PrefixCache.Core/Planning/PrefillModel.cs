namespace PrefixCache.Core.Planning;

/// <summary>How long an engine takes to compute tokens [a, b) of a layout: c0·(b − a) + c1·(b² − a²)/2.</summary>
/// <remarks>
/// c0 is what a token costs wherever it stands, c1 what attention to one earlier token adds. Fitted to the time per token at the middle of
/// each report's range. There is no prior: hardware differs a thousandfold. Not thread-safe.
/// </remarks>
internal sealed class PrefillModel
{
    /// <summary>Ten reports make most of the estimate.</summary>
    private const double Forgetting = 0.9;

    /// <summary>Positions are counted in these, so that both sums have the same order of magnitude.</summary>
    private const double PositionUnit = 1024;

    /// <summary>A report of so many tokens says half of what a long one does: a short one measures the cost of a call.</summary>
    private const double HalfWeightTokens = 256;

    /// <summary>The first report that counts has so many tokens: a full hit's last one, alone, would pass for the price of each.</summary>
    private const int MinFirstTokens = 64;

    private const double MinNanosecondsPerToken = 1;
    private const double MaxNanosecondsPerToken = 60e9;

    private readonly CostFit _fit = new(Forgetting, startA: 0, startB: 0, pullA: 0, pullB: 0.01);

    /// <summary>Something was reported that tells what a token costs.</summary>
    public bool IsMeasured { get; private set; }

    /// <summary>Takes a report in; what cannot be true is left out.</summary>
    public void Report(int firstToken, int tokens, double nanoseconds)
    {
        if (firstToken < 0 || tokens < (IsMeasured ? 1 : MinFirstTokens)) return;
        var each = nanoseconds / tokens;
        if (each is not (>= MinNanosecondsPerToken and <= MaxNanosecondsPerToken)) return;
        var middle = (firstToken + (tokens / 2.0)) / PositionUnit;
        var expected = IsMeasured ? _fit.A + (_fit.B * middle) : 0;
        var square = (double)tokens * tokens;
        _fit.Add(1, middle, each, expected, weight: square / (square + (HalfWeightTokens * HalfWeightTokens)));
        IsMeasured = true;
    }

    /// <summary>Nanoseconds for tokens [<paramref name="firstToken"/>, <paramref name="endToken"/>).</summary>
    public double Estimate(int firstToken, int endToken) => endToken <= firstToken
        ? 0
        : (endToken - firstToken) * (_fit.A + (_fit.B * ((double)firstToken + endToken) / 2 / PositionUnit));
}
