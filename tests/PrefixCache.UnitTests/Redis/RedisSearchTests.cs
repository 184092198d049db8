using PrefixCache.Core.Tiers.Redis;

namespace PrefixCache.UnitTests.Redis;

public sealed class RedisSearchTests
{
    [Fact]
    public void TakeMoved_SeveralCallersAfterTheLastChunk_OneGetsTheBytesOfAll()
    {
        var search = new RedisSearch(null!, 512, null) { EndTokens = 512, Left = 2 };
        search.Came(true, 100, 0);
        Assert.Equal(0, search.TakeMoved());
        search.Came(true, 50, 256);
        Assert.Equal([150, 0], [search.TakeMoved(), search.TakeMoved()]);
    }
}
