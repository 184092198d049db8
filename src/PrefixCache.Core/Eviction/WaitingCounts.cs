namespace PrefixCache.Core.Eviction;

/// <summary>How many chunks of each class wait for their next use, by when they were used last. Not thread-safe.</summary>
/// <remarks>A chunk that nobody knows any more waits on: it was not used again while it could be seen.</remarks>
internal sealed class WaitingCounts
{
    /// <summary>Spans of time that are kept apart.</summary>
    private const int MaxSpans = 256;

    private readonly int _classes;
    private readonly List<(long Start, double[] Waiting)> _spans = [];

    public WaitingCounts(int classes)
    {
        _classes = classes;
        Begin(0);
    }

    /// <summary>Chunks of all classes.</summary>
    public double Total { get; private set; }

    /// <summary>A chunk was used now.</summary>
    public void Add(int index)
    {
        _spans[^1].Waiting[index]++;
        Total++;
    }

    /// <summary>A chunk waits no more.</summary>
    /// <param name="since">When it was used.</param>
    public void Remove(int index, long since)
    {
        var waiting = _spans[SpanOf(since)].Waiting;
        var gone = Math.Min(1, waiting[index]);
        waiting[index] -= gone;
        Total -= gone;
    }

    /// <summary>Begins a span. Where there are too many, pairs of the older half become one: far times need no detail.</summary>
    public void Begin(long now)
    {
        _spans.Add((now, new double[_classes]));
        if (_spans.Count <= MaxSpans) return;
        for (var pair = (MaxSpans / 2) - 2; pair >= 0; pair -= 2)
        {
            for (var index = 0; index < _classes; index++) _spans[pair].Waiting[index] += _spans[pair + 1].Waiting[index];
            _spans.RemoveAt(pair + 1);
        }
    }

    public void Halve()
    {
        Total /= 2;
        foreach (var (_, waiting) in _spans)
            for (var index = 0; index < _classes; index++) waiting[index] /= 2;
    }

    /// <summary>Adds those of a class to what waits at each age.</summary>
    public void AddAges(int index, long now, Span<double> ages)
    {
        for (var span = 0; span < _spans.Count; span++)
        {
            var end = span + 1 < _spans.Count ? _spans[span + 1].Start : now;
            ages[AgeScale.Of(now - ((_spans[span].Start + end) / 2))] += _spans[span].Waiting[index];
        }
    }

    private int SpanOf(long time)
    {
        var (low, high) = (0, _spans.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_spans[middle].Start <= time) low = middle;
            else high = middle - 1;
        }

        return low;
    }
}
