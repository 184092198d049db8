namespace PrefixCache.UnitTests.Memory;

/// <summary>A temporary folder that stands for <c>/</c>, with the files of /proc and /sys that a test needs.</summary>
internal sealed class FakeRoot : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("prefixcache-root-");

    /// <param name="availableKibibytes">MemAvailable in /proc/meminfo.</param>
    public FakeRoot(long availableKibibytes) =>
        Write("proc/meminfo", $"MemTotal: 99999999 kB\nMemFree:  1 kB\nMemAvailable:   {availableKibibytes} kB\nBuffers: 0 kB\n");

    public string Path => _folder.FullName;

    public FakeRoot Write(string path, string text)
    {
        string full = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return this;
    }

    public FakeRoot WithV2Limit(string folder, string limit, long used, long inactiveFile = 0) =>
        Write($"sys/fs/cgroup/{folder}/memory.max", limit + "\n")
            .Write($"sys/fs/cgroup/{folder}/memory.current", $"{used}\n")
            .Write($"sys/fs/cgroup/{folder}/memory.stat", $"anon 5\ninactive_file {inactiveFile}\nactive_file 3\n");

    public FakeRoot WithV1Limit(string folder, long limit, long used) =>
        Write($"sys/fs/cgroup/memory/{folder}/memory.limit_in_bytes", $"{limit}\n")
            .Write($"sys/fs/cgroup/memory/{folder}/memory.usage_in_bytes", $"{used}\n");

    public void Dispose() => _folder.Delete(recursive: true);
}
