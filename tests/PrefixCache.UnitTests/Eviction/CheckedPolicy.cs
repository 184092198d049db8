using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>A policy whose every victim is held against the rules that all of them obey.</summary>
internal sealed class CheckedPolicy(IEvictionPolicy policy) : IEvictionPolicy
{
    private readonly HashSet<ChunkNode> _resident = [];

    public int Victims { get; private set; }

    public void Added(ChunkNode node)
    {
        Assert.True(_resident.Add(node));
        policy.Added(node);
    }

    public void Used(IReadOnlyList<ChunkNode> path) => policy.Used(path);

    public void Removed(ChunkNode node)
    {
        _resident.Remove(node);
        policy.Removed(node);
    }

    public ChunkNode? SelectVictim()
    {
        var victim = policy.SelectVictim();
        if (victim is null)
        {
            Assert.DoesNotContain(_resident, node => node.IsEvictable);
            return null;
        }

        Victims++;
        Assert.Contains(victim, _resident);
        Assert.True(victim is { Leases: 0, Writers: 0 }, "The victim is in use.");
        Assert.DoesNotContain(_resident, node => node.Parent == victim);
        return victim;
    }
}
