using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PrefixCache.Client;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>
/// A node in the test's process on free ports. Disposing it fails the test on an Error log, and on leases, reservations or blocks that
/// are still out after every client is gone.
/// </summary>
public sealed class RunningNode : IAsyncDisposable
{
    private readonly ErrorLog _log;
    /// <summary>Tests connect from several threads at once.</summary>
    private readonly ConcurrentBag<PrefixCacheClient> _clients = [];

    private readonly TransferPlane _plane;

    private RunningNode(PrefixCacheNode node, ErrorLog log, TransferPlane plane) => (Node, _log, _plane) = (node, log, plane);

    public PrefixCacheNode Node { get; }

    public string Address => Node.Address;

    public static PrefixCacheNodeOptions Options(long capacityBytes = 64 << 20) => new()
    {
        Listen = ["127.0.0.1:0"],
        Admin = "",
        Host = new HostTierOptions { CapacityBytes = capacityBytes, LockPages = false },
        DrainGrace = TimeSpan.FromSeconds(2),
    };

    /// <param name="plane">How payload moves between the node and the clients of <see cref="ConnectAsync"/>.</param>
    public static async Task<RunningNode> StartAsync(PrefixCacheNodeOptions? options = null, TransferPlane plane = TransferPlane.Stream)
    {
        var log = new ErrorLog();
        var node = await PrefixCacheNode.StartAsync(options ?? Options(), LoggerFactory.Create(logging => logging.AddProvider(log)));
        return new RunningNode(node, log, plane);
    }

    /// <summary>A strict client, disposed with the node.</summary>
    public async Task<PrefixCacheClient> ConnectAsync(Func<PrefixCacheClientOptions, PrefixCacheClientOptions>? change = null)
    {
        var options = new PrefixCacheClientOptions
        {
            Address = Address,
            Strict = true,
            CallTimeout = TimeSpan.FromSeconds(30),
            SharedMemory = _plane == TransferPlane.SharedMemory,
        };
        var client = await PrefixCacheClient.ConnectAsync(change is null ? options : change(options), null,
            TestContext.Current.CancellationToken);
        _clients.Add(client);
        if (change is null) Assert.Equal(_plane, client.Plane);
        return client;
    }

    /// <summary>Waits until the node holds no session, reservation, lease, half-written or quarantined block any more.</summary>
    public Task WaitUntilIdleAsync() => Until.TrueAsync(
        () => Node.Snapshot() is { Sessions: 0, Reservations: 0, Leases: 0, WritingBlocks: 0, QuarantinedBlocks: 0, ReservedTokens: 0 },
        () => $"The node is not idle: {Node.Snapshot()}");

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        await WaitUntilIdleAsync();
        await Node.DisposeAsync();
        Assert.True(_log.Errors.Count == 0, string.Join("\n", _log.Errors));
    }
}
