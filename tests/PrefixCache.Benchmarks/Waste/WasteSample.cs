namespace PrefixCache.Benchmarks.Waste;

/// <summary>One point of the curve. Shares are of the arena, but for the wasted share, which is of the allocated bytes.</summary>
/// <param name="Phase">What load came.</param>
/// <param name="Stores">Prompts stored since the start.</param>
/// <param name="Allocated">In blocks.</param>
/// <param name="Layouts">In blocks of each layout.</param>
/// <param name="Wasted">Holds nothing and can hold nothing.</param>
/// <param name="EvictedPerStored">Bytes evicted for each byte stored, since the point before.</param>
internal readonly record struct WasteSample(
    string Phase, int Stores, double Allocated, double[] Layouts, double Wasted, double EvictedPerStored);
