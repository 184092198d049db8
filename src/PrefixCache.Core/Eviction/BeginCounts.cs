namespace PrefixCache.Core.Eviction;

/// <summary>How many chunks of each class had begun at times of the past. Not thread-safe.</summary>
internal sealed class BeginCounts(int classes)
{
    /// <summary>Marks that are kept; the oldest stands for all times before it.</summary>
    private const int MaxMarks = 256;

    private readonly List<(long Time, double[] Begun)> _marks = [];
    private readonly double[] _begun = new double[classes];

    public double Total { get; private set; }

    public void Add(int index)
    {
        _begun[index]++;
        Total++;
    }

    /// <summary>Remembers the counts of now. When there are too many marks every second of the older half goes: far times need no detail.</summary>
    public void Mark(long now)
    {
        _marks.Add((now, [.. _begun]));
        if (_marks.Count <= MaxMarks) return;
        for (var i = MaxMarks / 2; i > 0; i -= 2) _marks.RemoveAt(i - 1);
    }

    public void Halve()
    {
        Total /= 2;
        for (var i = 0; i < _begun.Length; i++) _begun[i] /= 2;
        foreach (var (_, begun) in _marks)
            for (var i = 0; i < begun.Length; i++) begun[i] /= 2;
    }

    /// <summary>How many of a class had begun at a time; linear between two marks.</summary>
    public double Before(int index, long time)
    {
        if (_marks.Count == 0 || time >= _marks[^1].Time) return _begun[index];
        var (low, high) = (0, _marks.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_marks[middle].Time <= time) low = middle + 1;
            else high = middle;
        }

        var after = _marks[low];
        var (from, begun) = low == 0 ? (0, 0.0) : (_marks[low - 1].Time, _marks[low - 1].Begun[index]);
        return time <= from ? begun : begun + ((after.Begun[index] - begun) * (time - from) / (after.Time - from));
    }
}
