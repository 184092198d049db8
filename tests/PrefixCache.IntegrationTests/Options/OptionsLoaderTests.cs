using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Options;

public sealed class OptionsLoaderTests
{
    private static readonly Dictionary<string, string> None = [];

    [Fact]
    public void Load_WithNothing_GivesTheDefaultsOfTheTable()
    {
        var options = NodeOptionsLoader.Load(null, None, readEnvironment: false);
        var spoken = NodeOptionsLoader.Load(null, NodeOptionTable.All.ToDictionary(option => option.Name, option => option.Default),
            readEnvironment: false);
        Assert.Equal(WithoutLists(options), WithoutLists(spoken));
        Assert.Equal(options.Listen, spoken.Listen);
        Assert.Empty(spoken.TrustDomains);
        Assert.Empty(spoken.SharedMemory.Users);
        Assert.Empty(spoken.Redis.Servers);
        Assert.Empty(spoken.Gpu.Devices);
    }

    [Theory]
    [InlineData("off", 0, 0)]
    [InlineData("4GiB", 4L << 30, 0)]
    [InlineData("5%", 0, 0.05)]
    public void Load_GpuCapacity_IsASizeOrAShare(string text, long bytes, double share)
    {
        var devices = "GPU-6e1c0000-0000-4000-8000-000000000001";
        var options = NodeOptionsLoader.Load(
            null, new Dictionary<string, string> { ["gpu-capacity"] = text, ["gpu-devices"] = devices }, readEnvironment: false);
        Assert.Equal(new GpuCapacity(bytes, share), options.Gpu.Capacity);
        Assert.Equal([new Guid("6e1c0000-0000-4000-8000-000000000001")], options.Gpu.Devices);
    }

    [Theory]
    [InlineData("gpu-capacity", "lots", "neither off, a size nor a share")]
    [InlineData("gpu-capacity", "0%", "out of range")]
    [InlineData("gpu-capacity", "1KiB", "too small")]
    [InlineData("gpu-devices", "0", "nvidia-smi -L")]
    public void Load_GpuOptionsThatAreNone_SayWhatToWrite(string name, string text, string fault) => Assert.Contains(fault,
        Assert.Throws<NodeOptionsException>(
            () => NodeOptionsLoader.Load(null, new Dictionary<string, string> { [name] = text }, readEnvironment: false)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Load_TrustDomainsAndUsers_AreRead()
    {
        var options = NodeOptionsLoader.Load(null, new Dictionary<string, string>
        {
            ["trust-domains"] = "clinic=16GiB:clinic-a,clinic-b; lab=8MiB:lab",
            ["shared-memory-users"] = "1000, 1001",
        }, readEnvironment: false);
        Assert.Equal([("clinic", 16L << 30, "clinic-a clinic-b"), ("lab", 8L << 20, "lab")],
            options.TrustDomains.Select(domain => (domain.Name, domain.CapacityBytes, string.Join(' ', domain.Tenants))));
        Assert.Equal([1000u, 1001u], options.SharedMemory.Users);
    }

    [Theory]
    [InlineData("trust-domains", "clinic", "is no trust domain: write NAME=SIZE:TENANT,TENANT")]
    [InlineData("trust-domains", "clinic=16GiB:", "names no tenant")]
    [InlineData("trust-domains", "clinic=big:a", "'big' is no size")]
    [InlineData("trust-domains", "clinic=1KiB:a", "'1KiB' is no size of 1MiB or more")]
    [InlineData("trust-domains", "a=1MiB:x;b=1MiB:x", "tenant 'x' is named 2 times")]
    [InlineData("trust-domains", "a=1MiB:x;a=1MiB:y", "'a' is there 2 times")]
    [InlineData("shared-memory-users", "alice", "'alice' is no user number")]
    [InlineData("shared-memory-socket", "/no/such/folder/arena.sock", "does not exist")]
    public void Load_FaultySharing_SaysWhatToWrite(string name, string value, string says)
    {
        var exception = Assert.Throws<NodeOptionsException>(
            () => NodeOptionsLoader.Load(null, new Dictionary<string, string> { [name] = value }, readEnvironment: false));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FromFileEnvironmentAndCommandLine_TakesTheLatest()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", """
            { "max-layouts": 11, "max-sessions": 12, "max-reservations": 13, "capacity": "32MiB", "lock-pages": false,
              "listen": ["127.0.0.1:0", "[::1]:0"], "high-watermark": 0.8, "low-watermark": "0.5" }
            """);
        using var sessions = new EnvironmentVariable("PREFIXCACHE_MAX_SESSIONS", "22");
        using var reservations = new EnvironmentVariable("PREFIXCACHE_MAX_RESERVATIONS", "23");
        var options = NodeOptionsLoader.Load(file, new Dictionary<string, string> { ["max-reservations"] = "33", ["capacity"] = "1.5GiB" });
        Assert.Equal((11, 22, 33), (options.Limits.MaxLayouts, options.Limits.MaxSessions, options.Limits.MaxReservations));
        Assert.Equal((3L << 29, false), (options.Host.CapacityBytes, options.Host.LockPages));
        Assert.Equal((0.8, 0.5), (options.Host.HighWatermark, options.Host.LowWatermark));
        Assert.Equal(["127.0.0.1:0", "[::1]:0"], options.Listen);
    }

    [Theory]
    [InlineData("PREFIXCACHE_SERVICE_HOST", "10.0.0.7")]
    [InlineData("PREFIXCACHE_SERVICE_PORT_GRPC", "7420")]
    [InlineData("PREFIXCACHE_PORT", "tcp://10.0.0.7:7420")]
    [InlineData("PREFIXCACHE_PORT_7420_TCP_ADDR", "10.0.0.7")]
    public void Load_WithServiceLinksOfKubernetes_IgnoresThem(string name, string value)
    {
        using var link = new EnvironmentVariable(name, value);
        Assert.Equal(["127.0.0.1:7420"], NodeOptionsLoader.Load(null, None).Listen);
    }

    [Fact]
    public void Load_WithAMisspeltVariable_IsAFault()
    {
        using var variable = new EnvironmentVariable("PREFIXCACHE_MAX_TOKEN", "5");
        var refusal = Assert.Throws<NodeOptionsException>(() => NodeOptionsLoader.Load(null, None));
        Assert.Contains("environment: there is no option 'max-token'", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("capacity", "lots", "'lots' is no size")]
    [InlineData("capacity", "-1GiB", "'-1GiB' is no size")]
    [InlineData("capacity", "", "'' is no size")]
    [InlineData("capacity", "1", "1 is too small")]
    [InlineData("capacity", "99999999999999999999999999TiB", "is no size")]
    [InlineData("capacity", "9999999999999999999999999999999999999999GiB", "is no size")]
    [InlineData("drain-grace", "5", "'5' is no time")]
    [InlineData("drain-grace", "0s", "0s is not above zero")]
    [InlineData("drain-grace", "1e9h", "is no time")]
    [InlineData("drain-grace", "NaNs", "is no time")]
    [InlineData("max-tokens", "0", "0 is out of range: 1 to")]
    [InlineData("max-tokens", "1.5", "'1.5' is no whole number")]
    [InlineData("max-tokens", "99999999999999999999", "is no whole number")]
    [InlineData("high-watermark", "1.2", "1.2 is out of range")]
    [InlineData("high-watermark", "NaN", "NaN is out of range")]
    [InlineData("lock-pages", "maybe", "'maybe' is neither true nor false")]
    [InlineData("listen", "localhost", "'localhost' is no address:port")]
    [InlineData("listen", "127.0.0.1:99999", "is no address:port")]
    [InlineData("listen", "::1:7420", "is no address:port")]
    [InlineData("listen", "", "listen and socket are both empty")]
    [InlineData("token-file", "/nowhere/tokens", "/nowhere/tokens does not exist")]
    [InlineData("record", "/", "record: / is a folder: name a file in it")]
    [InlineData("low-watermark", "0.95", "low-watermark 0.95 is not below high-watermark 0.95")]
    [InlineData("max-reserved-tokens", "5", "max-reserved-tokens 5 is below max-tokens")]
    [InlineData("no-such-option", "5", "command line: there is no option 'no-such-option'")]
    public void Load_OfAFaultyValue_NamesTheOptionAndTheValue(string name, string value, string says)
    {
        var exception = Assert.Throws<NodeOptionsException>(
            () => NodeOptionsLoader.Load(null, new Dictionary<string, string> { [name] = value }, readEnvironment: false));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfOnReuseWithoutGhosts_SaysThatNothingWouldBeStored()
    {
        var values = new Dictionary<string, string> { ["admission"] = "on_reuse", ["max-ghost-tokens"] = "0" };
        var exception = Assert.Throws<NodeOptionsException>(() => NodeOptionsLoader.Load(null, values, readEnvironment: false));
        Assert.Contains("nothing would ever be stored", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfASocketPathThatIsTooLong_SaysTheLimit()
    {
        var values = new Dictionary<string, string> { ["socket"] = "/" + new string('s', 107) };
        var exception = Assert.Throws<NodeOptionsException>(() => NodeOptionsLoader.Load(null, values, readEnvironment: false));
        Assert.Contains("socket: the path is longer than 107 bytes", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"no-such\": 1 }", "there is no option 'no-such'")]
    [InlineData("{ \"host\": { \"capacity\": \"1GiB\" } }", "there is no option 'host'")]
    [InlineData("{ \"capacity\": { \"bytes\": \"1GiB\" } }", "capacity: an object is no value")]
    [InlineData("{ not json", "node.json")]
    public void Load_OfAFaultyFile_NamesIt(string text, string says)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", text);
        var exception = Assert.Throws<NodeOptionsException>(() => NodeOptionsLoader.Load(file, None, readEnvironment: false));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
        Assert.Contains(file, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAFileThatIsMissing_NamesIt()
    {
        var exception = Assert.Throws<NodeOptionsException>(() =>
            NodeOptionsLoader.Load("/nowhere/node.json", None, readEnvironment: false));
        Assert.Contains("/nowhere/node.json", exception.Message, StringComparison.Ordinal);
    }

    private sealed class EnvironmentVariable : IDisposable
    {
        private readonly string _name;

        public EnvironmentVariable(string name, string value)
        {
            _name = name;
            Environment.SetEnvironmentVariable(name, value);
        }

        public void Dispose() => Environment.SetEnvironmentVariable(_name, null);
    }

    /// <summary>Lists are compared by reference in a record.</summary>
    private static PrefixCacheNodeOptions WithoutLists(PrefixCacheNodeOptions options) => options with
    {
        Listen = [],
        TrustDomains = [],
        SharedMemory = options.SharedMemory with { Users = [] },
        Redis = options.Redis with { Servers = [] },
        Gpu = options.Gpu with { Devices = [] },
    };
}
