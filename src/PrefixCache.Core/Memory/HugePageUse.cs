namespace PrefixCache.Core.Memory;

/// <summary>Which pages an arena was to lie in, and which it lies in.</summary>
/// <param name="Asked">The option.</param>
/// <param name="HugeBytes">Bytes that lie in huge pages.</param>
/// <param name="TotalBytes">Bytes of the arena.</param>
/// <param name="Mode">What the kernel says about transparent huge pages for shared memory; empty where it knows none.</param>
public readonly record struct HugePageUse(HugePages Asked, long HugeBytes, long TotalBytes, string Mode)
{
    /// <summary>Nearly all of it does; an end that fills no huge page may be left.</summary>
    public bool IsInEffect => HugeBytes > 0 && HugeBytes >= TotalBytes / 10 * 9;

    /// <summary>One sentence for the log: in effect, or why not and what to do.</summary>
    public string Describe()
    {
        string share = FormattableString.Invariant($"{HugeBytes >> 20} of {TotalBytes >> 20}MiB");
        if (IsInEffect) return $"{share} lie in huge pages.";
        if (SystemMemory.AllowsSharedHugePages(Mode))
        {
            return $"only {share} lie in huge pages, for free memory is in pieces: write 1 into /proc/sys/vm/compact_memory before "
                + "the node starts, or set pages aside at boot and use them (2MiB).";
        }

        return Mode.Length == 0
            ? $"{share} lie in huge pages: this kernel has no transparent ones for shared memory. Set pages aside and use them (2MiB)."
            : $"{share} lie in huge pages, for the kernel gives none to shared memory ({Mode}): write advise into "
                + $"/{SystemMemory.SharedHugePageFile} and restart the node, or do without (off).";
    }
}
