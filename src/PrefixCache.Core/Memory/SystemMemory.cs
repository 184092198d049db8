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
