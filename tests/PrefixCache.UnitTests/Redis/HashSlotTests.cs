using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.UnitTests.Redis;

public sealed class HashSlotTests
{
    /// <summary>From the cluster specification: CRC16 of "123456789" is 0x31C3; keys with one hash tag share a slot.</summary>
    [Theory]
    [InlineData("123456789", 0x31C3 % HashSlot.Count)]
    [InlineData("{user1000}.following", 3443)]
    [InlineData("{user1000}.followers", 3443)]
    [InlineData("foo{}{bar}", 8363)]
    [InlineData("foo{{bar}}zap", 4015)]
    [InlineData("foo{bar}{zap}", 5061)]
    [InlineData("bar", 5061)]
    public void Of_AKey_IsTheSpecificationsSlot(string key, int slot) => Assert.Equal(slot, HashSlot.Of(Encoding.UTF8.GetBytes(key)));
}
