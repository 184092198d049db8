using System.Collections.Concurrent;
using PrefixCache.Core.Claims;
using PrefixCache.Format.Keys;

namespace PrefixCache.UnitTests.Claims;

/// <summary>A fleet in memory: one object for each node, all over one table.</summary>
internal sealed class FakeFleet(FakeFleet.Table table) : IFleetClaims
{
    public event Action<ChunkKey>? WaiterRegistered;

    public event Action<ChunkKey>? Changed;

    /// <summary>Every call fails, as without Redis.</summary>
    public bool IsAway { get; set; }

    /// <summary>Nothing is told; nodes learn by asking.</summary>
    public bool IsMute { get; set; }

    public int Renewals { get; private set; }

    /// <summary>Has its events raised from now on.</summary>
    public FakeFleet Join()
    {
        table.Nodes.Add(this);
        return this;
    }

    public async ValueTask<FleetTake> TryTakeAsync(
        ChunkKey key, Guid holder, ReadOnlyMemory<byte> tokens, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        await ReachAsync();
        var held = table.Keys.GetOrAdd(key, (holder, tokens.ToArray()));
        return held.Holder == holder ? new FleetTake(true) : new FleetTake(false, held.Tokens);
    }

    public async ValueTask<bool> RenewAsync(ChunkKey key, Guid holder, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        await ReachAsync();
        Renewals++;
        return table.Keys.TryGetValue(key, out var held) && held.Holder == holder;
    }

    public async ValueTask ReleaseAsync(ChunkKey key, Guid holder, CancellationToken cancellationToken)
    {
        await ReachAsync();
        if (table.Keys.TryGetValue(key, out var held) && held.Holder == holder) table.Drop(key);
    }

    public async ValueTask<bool> RegisterWaiterAsync(ChunkKey key, CancellationToken cancellationToken)
    {
        await ReachAsync();
        foreach (var node in table.Nodes.Where(node => node != this)) node.WaiterRegistered?.Invoke(key);
        return table.Keys.ContainsKey(key);
    }

    private async Task ReachAsync()
    {
        await Task.Yield();
        if (IsAway) throw new IOException("There is no fleet.");
    }

    /// <summary>What the nodes share.</summary>
    internal sealed class Table
    {
        public ConcurrentBag<FakeFleet> Nodes { get; } = [];

        public ConcurrentDictionary<ChunkKey, (Guid Holder, byte[] Tokens)> Keys { get; } = new();

        public void Drop(ChunkKey key)
        {
            Keys.TryRemove(key, out _);
            foreach (var node in Nodes.Where(node => !node.IsMute)) node.Changed?.Invoke(key);
        }
    }
}
