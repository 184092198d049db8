using Google.Protobuf;
using PrefixCache.Core.Statistics;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Options;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>
/// A node with one hand-written session and one reservation of 64 tokens (two chunks), nothing stored. What a test does wrong must
/// leave the node as <see cref="Before"/>.
/// </summary>
internal sealed class Requester : IAsyncDisposable
{
    private Requester(RunningNode node, RawSession session, ByteString layoutId, ulong reservation)
    {
        (Node, Session, LayoutId, Reservation) = (node, session, layoutId, reservation);
        Before = node.Node.Snapshot();
    }

    public static KvLayout Layout { get; } = TestKv.Layout();

    public static int[] Tokens { get; } = TestKv.Tokens(64);

    public RunningNode Node { get; }

    public RawSession Session { get; }

    public ByteString LayoutId { get; }

    public ulong Reservation { get; }

    public CacheSnapshot Before { get; private set; }

    public static async Task<Requester> StartAsync(PrefixCacheNodeOptions? options = null)
    {
        var node = await RunningNode.StartAsync(options);
        var session = await RawSession.OpenAsync(node.Address);
        var layoutId = await session.RegisterAsync(RawLayout.Sound());
        var answer = await session.LookupAsync(layoutId, Tokens, request => request.RequestId = "first");
        return new Requester(node, session, layoutId, answer.Reservation);
    }

    /// <summary>Stores both chunks and looks them up again, so that the reservation has a hit.</summary>
    public async Task StoreAllAsync()
    {
        var answers = await Session.StoreAsync(
            RawStore.Open(Session, Reservation, (1, 32), (2, 32)), RawStore.Chunk(Layout, Tokens, 0), RawStore.Chunk(Layout, Tokens, 1));
        Assert.Equal(2, answers.Count(answer => answer.Result is { Outcome: StoreResult.Types.Outcome.Committed }));
        var again = await Session.LookupAsync(LayoutId, Tokens, request => request.RequestId = "first");
        Assert.Equal((Reservation, 64u), (again.Reservation, again.HitTokens));
        Before = Node.Node.Snapshot();
    }

    /// <summary>Looks the request up in its namespace's new tree, then stores.</summary>
    public async Task StoreAfterClearAsync()
    {
        await Session.LookupAsync(LayoutId, Tokens, request => request.RequestId = "first");
        await StoreAllAsync();
    }

    /// <summary>Sessions, reservations, tokens, leases, blocks and memory are what they were.</summary>
    public Task AssertUnchangedAsync() => Until.TrueAsync(
        () => Node.Node.Snapshot() == Before, () => $"The node was {Before} and is {Node.Node.Snapshot()}.");

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await Node.DisposeAsync();
    }
}
