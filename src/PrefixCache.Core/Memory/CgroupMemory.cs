using System.Globalization;

namespace PrefixCache.Core.Memory;

/// <summary>The memory limits of this process's cgroup and its parents, in both versions of the interface.</summary>
internal static class CgroupMemory
{
    // v1 writes "no limit" as the largest multiple of the page size; no machine has an exbibyte.
    private const long NoLimitFrom = 1L << 60;

    // The second is v2's place where v1 is mounted beside it.
    private static readonly string[] V2Mounts = ["sys/fs/cgroup", "sys/fs/cgroup/unified"];
    private static readonly string[] V1Mounts = ["sys/fs/cgroup/memory"];

    /// <summary>What each limit leaves; folders without a limit are left out.</summary>
    /// <param name="root">Folder that stands for <c>/</c>.</param>
    public static IEnumerable<MemoryAvailability> Limits(string root)
    {
        string membership = Path.Combine(root, "proc/self/cgroup");
        if (!File.Exists(membership)) yield break;

        foreach (string line in File.ReadLines(membership))
        {
            // hierarchy:controllers:path, and 0::path for v2 (cgroups(7)). A path may contain colons.
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3) continue;
            bool isV2 = parts[0] == "0" && parts[1].Length == 0;
            if (!isV2 && !parts[1].Split(',').Contains("memory")) continue;

            foreach (string mount in isV2 ? V2Mounts : V1Mounts)
            {
                foreach (string relative in SelfAndParents(parts[2]))
                {
                    if (Limit(root, Path.Combine(mount, relative), isV2) is { } limit) yield return limit;
                }
            }
        }
    }

    /// <summary>
    /// The path and its parents up to the mount itself. Inside a container the path may be one of the host that the mount does not show;
    /// then only the mount's own folder, which is the container's, exists.
    /// </summary>
    private static IEnumerable<string> SelfAndParents(string path)
    {
        string[] names = [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(name => name != "..")];
        for (int depth = names.Length; depth >= 0; depth--) yield return string.Join('/', names[..depth]);
    }

    private static MemoryAvailability? Limit(string root, string folder, bool isV2)
    {
        string limitFile = isV2 ? "memory.max" : "memory.limit_in_bytes";
        string usageFile = isV2 ? "memory.current" : "memory.usage_in_bytes";
        string reclaimableName = isV2 ? "inactive_file" : "total_inactive_file";
        if (ReadNumber(Path.Combine(root, folder, limitFile)) is not { } limit || limit >= NoLimitFrom) return null;
        if (ReadNumber(Path.Combine(root, folder, usageFile)) is not { } usage) return null;

        long reclaimable = Math.Min(usage, ReadStatistic(Path.Combine(root, folder, "memory.stat"), reclaimableName));
        string description = $"cgroup limit {limit} bytes in /{folder}/{limitFile}, {usage} bytes used, {reclaimable} of them reclaimable";
        return new MemoryAvailability(Math.Max(0, limit - usage + reclaimable), description);
    }

    /// <summary>Null when the file is absent, unreadable or says <c>max</c>.</summary>
    private static long? ReadNumber(string path) =>
        ReadText(path) is { } text && long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : null;

    private static long ReadStatistic(string path, string name)
    {
        foreach (string line in (ReadText(path) ?? "").Split('\n'))
        {
            if (line.Split(' ') is [string key, string text, ..] && key == name
                && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                return value;
        }

        return 0;
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
