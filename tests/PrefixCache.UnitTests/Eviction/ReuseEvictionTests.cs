using PrefixCache.Core.Eviction;

namespace PrefixCache.UnitTests.Eviction;

public class ReuseEvictionTests
{
    /// <summary>Prompts that come back among many that never do, further apart than the tier is large.</summary>
    [Fact]
    public void Serve_LoopBetweenOneOffs_KeepsWhatReturns()
    {
        Assert.Equal(0, LoopHits(new LruEviction(), ghosts: 2000));
        Assert.InRange(LoopHits(new ReuseEviction(), ghosts: 2000), 1000, int.MaxValue);
    }

    /// <summary>Without ghosts a chunk that comes back is new: nothing is learned, and nothing is worse than LRU for it.</summary>
    [Fact]
    public void Serve_NoGhosts_DoesNotBetterThanItCanKnow()
    {
        var (few, many) = (LoopHits(new ReuseEviction(), ghosts: 0), LoopHits(new ReuseEviction(), ghosts: 2000));
        Assert.InRange(few, 0, many);
    }

    [Fact]
    public void Added_GhostThatComesBack_HasItsHistory()
    {
        using var model = new PolicyModel(new ReuseEviction(), capacity: 40);
        uint[] twice = [1, 2, 3, 4];
        for (var round = 0; round < 200; round++)
        {
            for (uint i = 0; i < 60; i++) model.Serve([(uint)(round * 60) + i + 100_000]);
            model.Serve(twice);
        }

        for (uint i = 0; i < 60; i++) model.Serve([i + 5000]);
        Assert.Equal(4, model.Serve(twice));
    }

    [Fact]
    public void Serve_OnlyNewPrompts_TheYoungestStay()
    {
        using var model = new PolicyModel(new ReuseEviction(), capacity: 100);
        for (uint i = 0; i < 1000; i++) model.Serve([i]);
        Assert.Equal(Enumerable.Repeat(1, 50), Enumerable.Range(950, 50).Select(i => model.Serve([(uint)i])));
    }

    private static int LoopHits(IEvictionPolicy policy, int ghosts)
    {
        using var model = new PolicyModel(policy, capacity: 100, ghosts);
        var hits = 0;
        for (uint round = 0; round < 600; round++)
        {
            hits += model.Serve([round % 12, 1, 2, 3, 4]);
            model.Serve([.. Enumerable.Range(0, 8).Select(i => 1000 + (round * 8) + (uint)i)]);
            model.Serve([.. Enumerable.Range(0, 8).Select(i => 1_000_000 + (round * 8) + (uint)i)]);
        }

        return hits;
    }
}
