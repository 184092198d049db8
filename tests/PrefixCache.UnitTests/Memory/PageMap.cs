using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>The naive model of <see cref="FreeExtents"/>: one flag a page, best fit by looking at every run.</summary>
internal sealed class PageMap(int pages)
{
    private readonly bool[] _taken = new bool[pages];

    public int LargestRun => Runs().Select(run => run.Length).DefaultIfEmpty(0).Max();

    /// <summary>First page of the tightest run, the lowest among equals; -1 when none fits.</summary>
    public int Take(int count)
    {
        (int Start, int Length) fit = Runs()
            .Where(run => run.Length >= count)
            .OrderBy(run => run.Length)
            .ThenBy(run => run.Start)
            .FirstOrDefault((-1, 0));
        if (fit.Start >= 0) Array.Fill(_taken, true, fit.Start, count);
        return fit.Start;
    }

    public void Release(int start, int count) => Array.Fill(_taken, false, start, count);

    public IEnumerable<(int Start, int Length)> Runs()
    {
        for (int start = 0; start < _taken.Length; start++)
        {
            int end = start;
            while (end < _taken.Length && !_taken[end]) end++;
            if (end > start) yield return (start, end - start);
            start = end;
        }
    }
}
