using PrefixCache.Client;

namespace PrefixCache.UnitTests.Attack;

/// <summary>A prompt that has a parent's tokens, but stands for something else.</summary>
public class ParentAttackTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40)];

    [Theory]
    [InlineData(10, 1, true)]
    [InlineData(10, 2, false)]
    [InlineData(11, 1, false)]
    [InlineData(0, 0, false)]
    public void IsPrefixOf_TheSameTokensWithItems_ComparesThoseToo(int position, byte digest, bool expected)
    {
        var trail = new TokenTrail([Item(10, 1)]);
        trail.Add(Tokens.AsSpan(0, 30));
        MultimodalItem[] items = digest == 0 ? [] : [Item(position, digest)];

        Assert.Equal(expected, trail.IsPrefixOf(Tokens, items));
        Assert.Equal(expected, trail.IsPrefixOf(Tokens, [.. items, Item(30, 7)]));
        Assert.False(trail.IsPrefixOf(Tokens, [.. items, Item(29, 7)]));
    }

    [Fact]
    public void IsPrefixOf_NoItemsBefore_NeedsNoneBefore()
    {
        var trail = new TokenTrail();
        trail.Add(Tokens.AsSpan(0, 30));

        Assert.True(trail.IsPrefixOf(Tokens, []));
        Assert.True(trail.IsPrefixOf(Tokens, [Item(30, 1)]));
        Assert.False(trail.IsPrefixOf(Tokens, [Item(29, 1)]));
    }

    private static MultimodalItem Item(int position, byte digest) => new(position, new[] { digest });
}
