namespace PrefixCache.Client;

/// <summary>What one request, or several together, cost and saved this process. Times in ticks of 100 ns.</summary>
/// <param name="Ticks">Of its lookup, with the wait in it, and its loads.</param>
/// <param name="LoadedTokens">That need not be computed.</param>
/// <param name="ComputedTokens">That were.</param>
/// <param name="ComputeTicks">What those took.</param>
internal readonly record struct RequestCost(long Ticks, long LoadedTokens = 0, long ComputedTokens = 0, long ComputeTicks = 0)
{
    public static RequestCost operator +(RequestCost left, RequestCost right) => new(left.Ticks + right.Ticks,
        left.LoadedTokens + right.LoadedTokens, left.ComputedTokens + right.ComputedTokens, left.ComputeTicks + right.ComputeTicks);

    public static RequestCost operator -(RequestCost left, RequestCost right) => new(left.Ticks - right.Ticks,
        left.LoadedTokens - right.LoadedTokens, left.ComputedTokens - right.ComputedTokens, left.ComputeTicks - right.ComputeTicks);
}
