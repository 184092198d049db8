using PrefixCache.Core;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Tiers.Host;

namespace PrefixCache.UnitTests.Memory;

public sealed class ArenaPinnerTests
{
    [Fact]
    public async Task Result_OfAnArena_IsLockedOrSaysWhyNot()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = 65_536 });
        using ArenaPinner pinner = new(arena);

        MemoryLockResult result = await pinner.Result.WaitAsync(TestContext.Current.CancellationToken);

        Assert.NotEqual(result.IsLocked, result.IsRefused);
        Assert.Contains(result.IsLocked ? "are locked" : "RLIMIT_MEMLOCK", result.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void HostPinning_WithoutLockPages_IsNotTried()
    {
        using CacheNode node = new(new CacheNodeOptions { Host = new HostTierOptions { CapacityBytes = 65_536, LockPages = false } });

        Assert.Empty(node.HostPinning);
    }
}
