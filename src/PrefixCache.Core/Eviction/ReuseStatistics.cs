namespace PrefixCache.Core.Eviction;

/// <summary>Learns, while it runs, how likely chunks are to be used again, by what is known of them and how long ago they were
/// used.</summary>
/// <remarks>
/// For each class of chunks and each class of ages it keeps how many were used again at that age; with those that still wait it knows how
/// many reached the age. The quotient is the chance of a use within the age class. What a chunk of age a is worth is the most hits per time
/// that keeping it can bring: the maximum over all later ages at which one could give it up. Nothing is fitted to a workload. Where a class
/// has seen little it is taken to return as all do at that age, so many times as often as it did where it has seen more; where nobody has
/// seen anything, as at the age before. So what is older than anything that ever came back is worth less than what is younger, and goes
/// first, as in LRU. Not thread-safe.
/// </remarks>
internal sealed class ReuseStatistics
{
    /// <summary>
    /// A class counts for itself as far as it has more than so many chunks, those of a few requests: chunks of one request return together,
    /// so that they are one observation. With 20 the hit rate hardly differs.
    /// </summary>
    private const double PriorChunks = 64;

    /// <summary>Waiting chunks after which all counts are halved, so that old habits fade; more where more are held.</summary>
    private const double MinWindow = 1 << 20;

    /// <summary>The same for each chunk that is held: a window in which few of those come back teaches nothing.</summary>
    private const double WindowPerHeld = 8;

    /// <summary>Nothing is certain: a rate stays finite.</summary>
    private const double MaxChance = 0.95;

    private readonly int _classes;
    private readonly double[][] _hits;
    private readonly double[][] _worth;
    private readonly WaitingCounts _waiting;
    private readonly double[] _pooled = new double[AgeScale.Count];
    private readonly double[] _chance = new double[AgeScale.Count];

    public ReuseStatistics(int classes)
    {
        _classes = classes;
        _waiting = new WaitingCounts(classes);
        _hits = Tables(classes);
        _worth = Tables(classes);

        // Until something is known the younger is worth more, as in LRU.
        foreach (var worth in _worth)
            for (var age = 0; age < AgeScale.Count; age++) worth[age] = 1.0 / AgeScale.Start(age + 1);
    }

    /// <summary>Expected hits per use of any chunk, by age class.</summary>
    public ReadOnlySpan<double> Worth(int index) => _worth[index];

    /// <summary>A chunk was used: it waits for the next time.</summary>
    public void Begin(int index) => _waiting.Add(index);

    /// <summary>A chunk that waited in a class was used again.</summary>
    /// <param name="since">When it was used last.</param>
    public void Hit(int index, long since, long now)
    {
        _waiting.Remove(index, since);
        _hits[index][AgeScale.Of(now - since)]++;
    }

    /// <summary>Keeps apart what is used from now on.</summary>
    /// <param name="held">Chunks in the tier.</param>
    public void Mark(long now, int held)
    {
        _waiting.Begin(now);
        if (_waiting.Total < Math.Max(MinWindow, WindowPerHeld * held)) return;
        _waiting.Halve();
        foreach (var hits in _hits)
            for (var age = 0; age < AgeScale.Count; age++) hits[age] /= 2;
    }

    /// <summary>Takes what was learned by all classes together as what is known of a class that has little of its own.</summary>
    public void Pool(long now)
    {
        Span<double> hits = stackalloc double[AgeScale.Count];
        Span<double> waiting = stackalloc double[AgeScale.Count];
        hits.Clear();
        waiting.Clear();
        for (var index = 0; index < _classes; index++)
        {
            for (var age = 0; age < AgeScale.Count; age++) hits[age] += _hits[index][age];
            _waiting.AddAges(index, now, waiting);
        }

        SetChances(hits, waiting, default, _pooled);
    }

    /// <summary>Works out anew what chunks of a class are worth.</summary>
    public void Update(int index, long now)
    {
        Span<double> waiting = stackalloc double[AgeScale.Count];
        waiting.Clear();
        _waiting.AddAges(index, now, waiting);
        SetChances(_hits[index], waiting, _pooled, _chance);
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

    /// <summary>The chance of a use within each age class, for those that reach it.</summary>
    /// <param name="expected">What all classes together say; empty = it is they who are counted.</param>
    private static void SetChances(ReadOnlySpan<double> hits, ReadOnlySpan<double> waiting, ReadOnlySpan<double> expected, Span<double> chances)
    {
        Span<double> reached = stackalloc double[AgeScale.Count];
        var (left, seen, foreseen) = (0.0, 0.0, 0.0);
        for (var age = AgeScale.Count - 1; age >= 0; age--)
        {
            left += hits[age] + waiting[age];

            // Those that wait at this age have passed half of it.
            reached[age] = left - (waiting[age] / 2);
            if (expected.IsEmpty) continue;
            seen += hits[age];
            foreseen += reached[age] * expected[age];
        }

        var ratio = (seen + PriorChunks) / (foreseen + PriorChunks);
        for (var age = 0; age < AgeScale.Count; age++)
        {
            var prior = !expected.IsEmpty ? ratio * expected[age] : age == 0 ? 0 : chances[age - 1];
            chances[age] = Math.Min(MaxChance, (hits[age] + (PriorChunks * Math.Min(MaxChance, prior))) / (reached[age] + PriorChunks));
        }
    }

    private static double[][] Tables(int classes)
    {
        var tables = new double[classes][];
        for (var index = 0; index < classes; index++) tables[index] = new double[AgeScale.Count];
        return tables;
    }
}
