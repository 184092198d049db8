using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

public class SystemMemoryTests
{
    private const long Mebibyte = 1 << 20;

    // What cgroup v1 shows where nothing is limited.
    private const long NoV1Limit = 9_223_372_036_854_771_712;

    [Fact]
    public void Available_NoCgroup_IsMemAvailable()
    {
        using FakeRoot root = new(availableKibibytes: 1_024);

        MemoryAvailability available = new SystemMemory(root.Path).Available();

        Assert.Equal(Mebibyte, available.Bytes);
        Assert.Contains("MemAvailable", available.LimitedBy, StringComparison.Ordinal);
    }

    [Fact]
    public void Available_V2LimitOfOwnCgroup_IsLimitLessUsage()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", "0::/pods/node\n")
            .WithV2Limit("pods/node", $"{100 * Mebibyte}", 30 * Mebibyte)
            .WithV2Limit("pods", "max", 900 * Mebibyte);

        MemoryAvailability available = new SystemMemory(root.Path).Available();

        Assert.Equal(70 * Mebibyte, available.Bytes);
        Assert.Contains("/sys/fs/cgroup/pods/node/memory.max", available.LimitedBy, StringComparison.Ordinal);
    }

    [Fact]
    public void Available_V2ParentIsTighter_IsTheParents()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", "0::/pods/node\n")
            .WithV2Limit("pods/node", $"{100 * Mebibyte}", 30 * Mebibyte)
            .WithV2Limit("pods", $"{200 * Mebibyte}", 150 * Mebibyte);

        Assert.Equal(50 * Mebibyte, new SystemMemory(root.Path).Available().Bytes);
    }

    [Fact]
    public void Available_PageCacheNotInUse_CountsAsAvailable()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", "0::/node\n")
            .WithV2Limit("node", $"{100 * Mebibyte}", 90 * Mebibyte, inactiveFile: 40 * Mebibyte);

        Assert.Equal(50 * Mebibyte, new SystemMemory(root.Path).Available().Bytes);
    }

    [Fact]
    public void Available_UsageAboveLimit_IsZero()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", "0::/node\n")
            .WithV2Limit("node", $"{10 * Mebibyte}", 11 * Mebibyte);

        Assert.Equal(0, new SystemMemory(root.Path).Available().Bytes);
    }

    [Fact]
    public void Available_V1LimitOfParent_IsLimitLessUsage()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/\n")
            .WithV1Limit("a/b", NoV1Limit, 5 * Mebibyte)
            .WithV1Limit("a", 64 * Mebibyte, 24 * Mebibyte);

        MemoryAvailability available = new SystemMemory(root.Path).Available();

        Assert.Equal(40 * Mebibyte, available.Bytes);
        Assert.Contains("memory.limit_in_bytes", available.LimitedBy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4:memory:/docker/0123456789ab\n")]
    [InlineData("4:memory:/../../elsewhere\n")]
    public void Available_PathThatTheContainerDoesNotSee_UsesTheMountsOwnLimit(string membership)
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1 << 20)
            .Write("proc/self/cgroup", membership)
            .WithV1Limit("", 64 * Mebibyte, 4 * Mebibyte);

        Assert.Equal(60 * Mebibyte, new SystemMemory(root.Path).Available().Bytes);
    }

    [Fact]
    public void Available_NoLimitAnywhere_IsMemAvailable()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 2_048)
            .Write("proc/self/cgroup", "4:memory:/a\n0::/a\n")
            .WithV1Limit("a", NoV1Limit, Mebibyte)
            .WithV2Limit("a", "max", Mebibyte);

        Assert.Equal(2 * Mebibyte, new SystemMemory(root.Path).Available().Bytes);
    }

    [Fact]
    public void Available_NoMemAvailable_SaysWhatIsMissing()
    {
        using FakeRoot root = new FakeRoot(availableKibibytes: 1).Write("proc/meminfo", "MemTotal: 5 kB\n");

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => new SystemMemory(root.Path).Available());

        Assert.Contains("MemAvailable", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Available_ThisMachine_IsPlausible() => Assert.InRange(SystemMemory.Machine.Available().Bytes, Mebibyte, 1L << 50);
}
