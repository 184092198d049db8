using System.Numerics;
using PrefixCache.Core.Index;

namespace PrefixCache.Core.Eviction;

/// <summary>Evicts the leaf that is worth least: by how often it was used, how long ago, and what became of chunks like it.</summary>
/// <remarks>
/// LRU keeps what came last, and where conversations return after more than the tier holds, it keeps nothing until it is asked for. Chunks
/// that were used before return more surely than new ones; how surely, and after how long, is learned (<see cref="ReuseStatistics"/>).
/// History outlives eviction: a ghost that comes back has its uses. Leaves alone stand in the queues, one for each class and age; a leaf
/// that is old enough moves to its next queue a little later. Choosing a victim takes the first evictable one of the queue that is worth
/// least. Protected by the node's lock.
/// </remarks>
internal sealed class ReuseEviction : IEvictionPolicy
{
    /// <summary>Uses 1, 2, 3, 4, 5-6, 7-9, 10-15, 16-31, 32-100 and more: what differs by less behaves alike.</summary>
    private const int UseClasses = 10;

    /// <summary>A chunk that ends a prompt is used again by the very same prompt alone: short ones are classes of their own.</summary>
    private const int Classes = 2 * UseClasses;

    private const int Queues = Classes * AgeScale.Count;

    private readonly ReuseStatistics _statistics = new(Classes);
    private readonly ChunkNode?[] _first = new ChunkNode?[Queues];
    private readonly ChunkNode?[] _last = new ChunkNode?[Queues];

    /// <summary>Queues from the one that is worth least on, and where each stands there.</summary>
    private readonly int[] _order = new int[Queues];
    private readonly int[] _place = new int[Queues];

    /// <summary>By place: the queue is not empty.</summary>
    private readonly ulong[] _occupied = new ulong[(Queues + 63) / 64];
    private readonly double[] _worth = new double[Queues];
    private long _now;
    private int _count;
    private long _nextMark;
    private long _nextMove;
    private int _nextClass;

    public ReuseEviction() => Sort();

    public void Added(ChunkNode node)
    {
        if (node.Parent is { } parent)
        {
            if (parent.Reuse.Children++ == 0 && parent.Reuse.IsListed) Leave(parent);
        }

        Count(node);
        node.Reuse.IsResident = true;
        _count++;
        if (node.Reuse.Children == 0) Enter(node);
        Learn();
    }

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        foreach (var node in path)
        {
            if (!node.Reuse.IsResident) continue;
            if (node.Reuse.IsListed) Leave(node);
            Count(node);
            if (node.Reuse.Children == 0) Enter(node);
        }

        Learn();
    }

    public void Removed(ChunkNode node)
    {
        if (!node.Reuse.IsResident) return;
        if (node.Reuse.IsListed) Leave(node);
        node.Reuse.IsResident = false;
        _count--;
        if (node.Parent is { } parent && --parent.Reuse.Children == 0 && parent.Reuse.IsResident) Enter(parent);
    }

    public ChunkNode? SelectVictim()
    {
        for (var word = 0; word < _occupied.Length; word++)
        {
            for (var bits = _occupied[word]; bits != 0; bits &= bits - 1)
            {
                var queue = _order[(word * 64) + BitOperations.TrailingZeroCount(bits)];
                for (var node = _first[queue]; node is not null; node = node.Newer)
                    if (node.IsEvictable) return node;
            }
        }

        return null;
    }

    private static int ClassOf(ChunkNode node)
    {
        var uses = node.Reuse.Uses switch
        {
            <= 4 => Math.Max(node.Reuse.Uses - 1, 0),
            <= 6 => 4,
            <= 9 => 5,
            <= 15 => 6,
            <= 31 => 7,
            <= 100 => 8,
            _ => 9,
        };
        return node.IsFull ? uses : UseClasses + uses;
    }

    /// <summary>One more use, of a chunk that is here or comes back.</summary>
    private void Count(ChunkNode node)
    {
        _now++;
        if (node.Reuse.Uses > 0) _statistics.Hit(ClassOf(node), node.Reuse.UsedAt, _now);
        node.Reuse.Uses++;
        node.Reuse.UsedAt = _now;
        _statistics.Begin(ClassOf(node));
    }

    /// <summary>Moves what has aged, and works out one class anew, a little with each call, for the node's lock is held.</summary>
    private void Learn()
    {
        if (_now >= _nextMove)
        {
            // A leaf may stand in its queue a little of the tier's turnover too long: less than an age class.
            _nextMove = _now + Math.Max(16, _count / 128);
            MoveAged();
        }

        if (_now < _nextMark) return;
        _nextMark = _now + Math.Max(64, _count / 64);
        _statistics.Mark(_now, _count);
        if (_nextClass == 0) _statistics.Pool(_now);

        _statistics.Update(_nextClass, _now);
        if (++_nextClass < Classes) return;
        _nextClass = 0;
        Sort();
    }

    private void Sort()
    {
        for (var queue = 0; queue < Queues; queue++)
        {
            _order[queue] = queue;
            _worth[queue] = _statistics.Worth(queue / AgeScale.Count)[queue % AgeScale.Count];
        }

        Array.Sort(_worth, _order);
        Array.Clear(_occupied);
        for (var place = 0; place < Queues; place++)
        {
            _place[_order[place]] = place;
            if (_first[_order[place]] is not null) Mark(place);
        }
    }

    private void MoveAged()
    {
        for (var queue = 0; queue < Queues; queue++)
        {
            var until = AgeScale.Start((queue % AgeScale.Count) + 1);
            while (_first[queue] is { } node && _now - node.Reuse.UsedAt >= until && queue % AgeScale.Count < AgeScale.Count - 1)
            {
                Leave(node);
                Enter(node);
            }
        }
    }

    private void Enter(ChunkNode node)
    {
        var queue = (ClassOf(node) * AgeScale.Count) + AgeScale.Of(_now - node.Reuse.UsedAt);
        (node.Reuse.Queue, node.Reuse.IsListed) = (queue, true);
        (node.Older, node.Newer) = (_last[queue], null);
        if (_last[queue] is { } last) last.Newer = node;
        else _first[queue] = node;
        _last[queue] = node;
        Mark(_place[queue]);
    }

    private void Leave(ChunkNode node)
    {
        var queue = node.Reuse.Queue;
        if (node.Older is null) _first[queue] = node.Newer;
        else node.Older.Newer = node.Newer;
        if (node.Newer is null) _last[queue] = node.Older;
        else node.Newer.Older = node.Older;
        (node.Newer, node.Older, node.Reuse.IsListed) = (null, null, false);
        if (_first[queue] is null) _occupied[_place[queue] / 64] &= ~(1UL << (_place[queue] % 64));
    }

    private void Mark(int place) => _occupied[place / 64] |= 1UL << (place % 64);
}
