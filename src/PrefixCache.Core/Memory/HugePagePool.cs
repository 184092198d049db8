namespace PrefixCache.Core.Memory;

/// <summary>The huge pages of one size that this machine has set aside (https://docs.kernel.org/admin-guide/mm/hugetlbpage.html).</summary>
/// <param name="PageBytes">Bytes of a page.</param>
/// <param name="IsSupported">The machine can have pages of this size.</param>
/// <param name="Pages">Pages in the pool, taken or not.</param>
/// <param name="FreePages">Pages that may be taken now; those that others have reserved are not among them.</param>
/// <param name="Path">The file that sets the pool's size.</param>
public readonly record struct HugePagePool(long PageBytes, bool IsSupported, long Pages, long FreePages, string Path)
{
    /// <summary>Bytes that may be taken now.</summary>
    public long FreeBytes => FreePages * PageBytes;

    /// <summary>Bytes of one page; 0 where pages do not come from a pool.</summary>
    public static long BytesOf(HugePages pages) => pages switch
    {
        HugePages.TwoMiB => 2L << 20,
        HugePages.OneGiB => 1L << 30,
        _ => 0,
    };

    /// <summary>Why an arena does not fit, and what to do.</summary>
    /// <param name="askedBytes">Whole pages.</param>
    internal string Refusal(long askedBytes)
    {
        string size = PageBytes >= 1L << 30 ? "1GiB" : "2MiB";
        if (!IsSupported)
            return $"This machine has no huge pages of {size}: {Path} does not exist. Choose the other size, or auto.";

        long asked = askedBytes / PageBytes;
        string less = FreePages == 0 ? "" : $" set the capacity to {FreeBytes >> 20}MiB or less,";
        return FormattableString.Invariant(
            $"A capacity of {askedBytes >> 20}MiB takes {asked} huge pages of {size}, and {FreePages} are free: ")
            + FormattableString.Invariant($"write {Pages + asked - FreePages} into {Path} (as root, best at boot),")
            + $"{less} or use auto.";
    }
}
