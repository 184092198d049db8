namespace PrefixCache.Core.Memory;

/// <summary>Smallest extent first, the lowest offset among equals: the first one that is large enough is the best fit.</summary>
internal sealed class FreeExtentOrder : IComparer<Extent>
{
    public static FreeExtentOrder Instance { get; } = new();

    public int Compare(Extent x, Extent y)
    {
        int byLength = x.Length.CompareTo(y.Length);
        return byLength != 0 ? byLength : x.Offset.CompareTo(y.Offset);
    }
}
