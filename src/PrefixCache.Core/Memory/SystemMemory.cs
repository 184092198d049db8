using System.Globalization;

namespace PrefixCache.Core.Memory;

/// <summary>Finds out how much memory this process may still take: the machine's, or less where a cgroup limits it.</summary>
/// <remarks>
/// Reads /proc/meminfo (proc(5)) and, for this process's cgroup and all its parents, the limits and usage of cgroup v2 and v1
/// (https://docs.kernel.org/admin-guide/cgroup-v2.html, …/cgroup-v1/memory.html). Page cache not in use counts as available, as in
/// MemAvailable: the kernel drops it before it kills. Reads afresh at every call; thread-safe.
/// </remarks>
public sealed class SystemMemory
{
    /// <summary>Relative to the root.</summary>
    internal const string SharedHugePageFile = "sys/kernel/mm/transparent_hugepage/shmem_enabled";

    private readonly string _root;

    /// <param name="root">Folder that stands for <c>/</c>; tests give a made-up one.</param>
    public SystemMemory(string root = "/") => _root = root;

    /// <summary>The machine that this process runs on.</summary>
    public static SystemMemory Machine { get; } = new();

    /// <summary>The tightest of all limits, now.</summary>
    /// <exception cref="InvalidDataException">/proc/meminfo has no MemAvailable: Linux 3.14 or newer is needed.</exception>
    public MemoryAvailability Available()
    {
        MemoryAvailability tightest = OfMachine();
        foreach (MemoryAvailability candidate in CgroupMemory.Limits(_root))
        {
            if (candidate.Bytes < tightest.Bytes) tightest = candidate;
        }

        return tightest;
    }

    /// <summary>The pool of huge pages of a size, now.</summary>
    /// <param name="pageBytes">Bytes of a page.</param>
    public HugePagePool HugePages(long pageBytes)
    {
        string folder = FormattableString.Invariant($"sys/kernel/mm/hugepages/hugepages-{pageBytes >> 10}kB");
        bool isSupported = Directory.Exists(Path.Combine(_root, folder));
        // More than the pool may be taken where the machine allows surplus pages, made of free memory on demand.
        long surplus = Math.Max(0, Number("nr_overcommit_hugepages") - Number("surplus_hugepages"));
        long free = Math.Max(0, Number("free_hugepages") - Number("resv_hugepages"));
        return new HugePagePool(pageBytes, isSupported, Number("nr_hugepages"), free + surplus, $"/{folder}/nr_hugepages");

        long Number(string name) =>
            long.TryParse(ReadText(Path.Combine(folder, name)).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                ? value
                : 0;
    }

    /// <summary>
    /// When shared memory gets transparent huge pages: <c>never</c>, <c>advise</c> (to mappings that ask), <c>within_size</c>,
    /// <c>always</c>; empty where the kernel has none (https://docs.kernel.org/admin-guide/mm/transhuge.html).
    /// </summary>
    public string SharedHugePageMode()
    {
        // always within_size advise [never] deny force
        string modes = ReadText(SharedHugePageFile);
        int start = modes.IndexOf('[', StringComparison.Ordinal) + 1;
        int end = modes.IndexOf(']', StringComparison.Ordinal);
        return start > 0 && end > start ? modes[start..end] : "";
    }

    /// <summary>A mapping that asks gets huge pages under this mode.</summary>
    internal static bool AllowsSharedHugePages(string mode) => mode is "advise" or "within_size" or "always" or "force";

    private string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_root, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private MemoryAvailability OfMachine()
    {
        string path = Path.Combine(_root, "proc/meminfo");
        foreach (string line in File.ReadLines(path))
        {
            // MemAvailable:   24429600 kB
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is not ["MemAvailable:", string kibibytes, ..]) continue;
            if (long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                return new MemoryAvailability(value * 1024, "MemAvailable in /proc/meminfo: the machine has no more");
        }

        throw new InvalidDataException("/proc/meminfo shows no MemAvailable, so free memory is unknown. Linux 3.14 or newer is needed.");
    }
}
