namespace PrefixCache.Core.Eviction;

/// <summary>Learns, while it runs, how likely chunks are to be used again, by what is known of them and how long ago they were used.</summary>
/// <remarks>
/// For each class of chunks and each class of ages it keeps how many were used again at that age, and from how many began (used, age 0) how many
/// reached it. Their quotient is the chance of a use within the age class. What a chunk of age a is worth is the most hits per time that keeping
/// it can bring: the maximum over all later ages at which one could give it up. Nothing is fitted to a workload; a class of which little is
/// known is taken for the average of all. Not thread-safe.
/// </remarks>
internal sealed class ReuseStatistics
{
    /// <summary>A class counts for itself as far as it has more than so many chunks: below, chance outweighs what it says.</summary>
    private const double PriorChunks = 20;

    /// <summary>Begun chunks after which all counts are halved: old habits fade, and numbers stay small.</summary>
    private const double Window = 1 << 20;

    private readonly int _classes;
    private readonly double[][] _hits;
    private readonly double[][] _worth;
    private readonly BeginCounts _begun;
    private readonly double[] _pooled = new double[AgeScale.Count];
    private readonly double[] _chance = new double[AgeScale.Count];

    public ReuseStatistics(int classes)
    {
        _classes = classes;
        _begun = new BeginCounts(classes);
        _hits = Tables(classes);
        _worth = Tables(classes);

        // Until something is known the younger is worth more, as in LRU.
        foreach (var worth in _worth)
            for (var age = 0; age < AgeScale.Count; age++) worth[age] = 1.0 / AgeScale.Start(age + 1);
    }

    /// <summary>Expected hits per use of any chunk, by age class.</summary>
    public ReadOnlySpan<double> Worth(int index) => _worth[index];

    /// <summary>A chunk was used and begins anew.</summary>
    public void Begin(int index) => _begun.Add(index);

    /// <summary>A chunk that began in a class was used again at an age.</summary>
    public void Hit(int index, long age) => _hits[index][AgeScale.Of(age)]++;

    /// <summary>Remembers when what began.</summary>
    public void Mark(long now)
    {
        _begun.Mark(now);
        if (_begun.Total < Window) return;
        _begun.Halve();
        foreach (var hits in _hits)
            for (var age = 0; age < AgeScale.Count; age++) hits[age] /= 2;
    }

    /// <summary>Takes what was learned by all classes together as what is known of a class that has little of its own.</summary>
    public void Pool(long now)
    {
        Array.Clear(_pooled);
        Span<double> hits = stackalloc double[AgeScale.Count];
        Span<double> reached = stackalloc double[AgeScale.Count];
        hits.Clear();
        reached.Clear();
        for (var index = 0; index < _classes; index++)
        {
            for (var age = 0; age < AgeScale.Count; age++) hits[age] += _hits[index][age];
            AddReached(index, now, reached);
        }

        for (var age = 0; age < AgeScale.Count; age++) _pooled[age] = Chance(hits[age], reached[age], 0);
    }

    /// <summary>Works out anew what chunks of a class are worth.</summary>
    public void Update(int index, long now)
    {
        Span<double> reached = stackalloc double[AgeScale.Count];
        reached.Clear();
        AddReached(index, now, reached);
        for (var age = 0; age < AgeScale.Count; age++) _chance[age] = Chance(_hits[index][age], reached[age], _pooled[age]);
        var worth = _worth[index];
        for (var age = 0; age < AgeScale.Count; age++) worth[age] = BestRate(age);
    }

    /// <summary>The most hits per time from an age on, over all ages to stop at.</summary>
    private double BestRate(int from)
    {
        var (left, hits, time, best) = (1.0, 0.0, 0.0, 0.0);
        for (var age = from; age < AgeScale.Count - 1; age++)
        {
            var hit = left * _chance[age];
            hits += hit;
            time += AgeScale.Width(age) * (left - (hit / 2));
            left -= hit;
            best = Math.Max(best, hits / time);
        }

        // Beyond all that was seen the younger is worth more.
        return Math.Max(best, 1e-9 / AgeScale.Start(from + 1));
    }

    private static double Chance(double hits, double reached, double expected) =>
        Math.Min(0.95, (hits + (PriorChunks * expected)) / (Math.Max(reached, hits) + PriorChunks));

    /// <summary>Of the chunks that began so long ago that they could reach an age, those that were not used before it.</summary>
    private void AddReached(int index, long now, Span<double> reached)
    {
        var used = 0.0;
        for (var age = 0; age < AgeScale.Count; age++)
        {
            // Half of those that are within the class now have not passed through it.
            var middle = (AgeScale.Start(age) + AgeScale.Start(age + 1)) / 2;
            reached[age] += Math.Max(0, _begun.Before(index, now - middle) - used);
            used += _hits[index][age];
        }
    }

    private static double[][] Tables(int classes)
    {
        var tables = new double[classes][];
        for (var index = 0; index < classes; index++) tables[index] = new double[AgeScale.Count];
        return tables;
    }
}
