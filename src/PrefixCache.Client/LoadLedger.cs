namespace PrefixCache.Client;

/// <summary>What the retrieves of a reservation brought, for the next release to report. Thread-safe.</summary>
internal sealed class LoadLedger
{
    private readonly Lock _gate = new();
    private RetrieveResult? _sum;

    /// <summary>Takes a result in. A second shard of the same tokens adds bytes and time alone.</summary>
    /// <returns>Tokens that no earlier result had.</returns>
    public int Add(RetrieveResult result)
    {
        lock (_gate)
        {
            var tokens = Math.Max(result.EndToken - Math.Max(_sum?.EndToken ?? 0, result.EndToken - result.Tokens), 0);
            if (result.Tokens == 0) return tokens;
            _sum = _sum is not { } earlier ? result : Merge(earlier, result, tokens);
            return tokens;
        }
    }

    /// <summary>What has come since the last time; null = nothing.</summary>
    public RetrieveResult? Take()
    {
        lock (_gate) return (_sum, _sum = null).Item1;
    }

    private static RetrieveResult Merge(RetrieveResult earlier, RetrieveResult later, int tokens)
    {
        var loads = earlier.Loads.ToList();
        foreach (var load in later.Loads)
        {
            var added = Math.Min(load.Tokens, tokens);
            tokens -= added;
            var index = loads.FindIndex(one => one.Plane == load.Plane);
            var sum = index < 0 ? new PlaneLoad(load.Plane, 0, 0, TimeSpan.Zero) : loads[index];
            sum = new PlaneLoad(load.Plane, sum.Tokens + added, sum.Bytes + load.Bytes, sum.Elapsed + load.Elapsed);
            if (index < 0) loads.Add(sum);
            else loads[index] = sum;
        }

        var end = Math.Max(earlier.EndToken, later.EndToken);
        return RetrieveResult.Of(end, loads.Sum(load => load.Tokens), loads, earlier.Elapsed + later.Elapsed);
    }
}
