using Microsoft.Extensions.Logging;
using PrefixCache.Core.Memory;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class HostMemoryLogTests
{
    [Fact]
    public async Task Start_AutomaticHugePages_AreReportedOnce()
    {
        var log = new MessageLog();

        await using var node = await StartAsync(log, lockPages: false, HugePages.Auto);

        var message = Assert.Single(log.Messages, message => message.Contains("huge pages", StringComparison.Ordinal));
        Assert.Contains("of 64MiB lie in huge pages", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_HugePagesOff_SaysNothingOfThem()
    {
        var log = new MessageLog();

        await using var node = await StartAsync(log, lockPages: false, HugePages.Off);

        Assert.DoesNotContain(log.Messages, message => message.Contains("huge pages", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_LockPages_IsReportedAsItTurnedOut()
    {
        var log = new MessageLog();

        await using var node = await StartAsync(log, lockPages: true, HugePages.Off);
        await Until.TrueAsync(() => log.Messages.Any(IsPinning), () => "Nothing is said about pinning");

        var message = Assert.Single(log.Messages, IsPinning);
        // A refusal names the bytes and the error; without an error there is none.
        if (message.Contains("not pinned", StringComparison.Ordinal))
            Assert.Contains($"{64 << 20} bytes", message, StringComparison.Ordinal);
        else Assert.Equal("The host tier is pinned", message);
    }

    private static bool IsPinning(string message) => message.Contains("pinned", StringComparison.Ordinal);

    private static Task<PrefixCacheNode> StartAsync(MessageLog log, bool lockPages, HugePages pages)
    {
        var options = RunningNode.Options();
        return PrefixCacheNode.StartAsync(options with { Host = options.Host with { LockPages = lockPages, HugePages = pages } },
            LoggerFactory.Create(logging => logging.AddProvider(log)));
    }
}
