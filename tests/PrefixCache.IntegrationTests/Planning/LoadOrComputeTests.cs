using PrefixCache.Client;
using PrefixCache.Grpc;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using LoadMode = PrefixCache.Client.LoadMode;

namespace PrefixCache.IntegrationTests.Planning;

/// <summary>What the node advises from what workers report, on both planes.</summary>
public sealed class LoadOrComputeTests
{
    private const int Prompt = 200;

    private readonly KvLayout _layout = TestKv.Layout();
    private readonly int[] _tokens = TestKv.Tokens(Prompt);

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Lookup_LoadsReportedSlowThenFast_ComputesThenLoadsAgain(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var client = await WarmAsync(node, plane);

        // Computing takes 1 ms a token; loading all of it is said to take 2 s, then 2 ms.
        for (var i = 0; i < 2; i++) Assert.Equal((Prompt, LoadReason.Estimate), await AskAsync(client, TimeSpan.FromSeconds(2)));
        Assert.Equal((0, LoadReason.Estimate), await AskAsync(client, TimeSpan.FromMilliseconds(2)));

        var reasons = new List<LoadReason>();
        for (var i = 0; i < 100; i++)
        {
            var (tokens, reason) = await AskAsync(client, TimeSpan.FromMilliseconds(2));
            if (tokens == Prompt) break;
            reasons.Add(reason);
        }

        Assert.InRange(reasons.Count, 20, 99);
        Assert.InRange(reasons.Count(reason => reason == LoadReason.Probe), 1, 3);
        Assert.Equal((Prompt, LoadReason.Estimate), await AskAsync(client, TimeSpan.FromMilliseconds(2)));
    }

    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Retrieve_NoEndNamed_EndsWhereLoadingIsWorthIt(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var client = await WarmAsync(node, plane);
        var memory = new byte[_layout.Shapes[0].PayloadBytes(Prompt)];

        await using (var never = await client.LookupAsync(_layout, _tokens, new LookupOptions { LoadMode = LoadMode.Never }))
        {
            Assert.Equal((Prompt, 0), (never.HitTokens, never.LoadTokens));
            var decision = Assert.Single(never.Decisions);
            Assert.Equal((CacheTier.Host, 0, Prompt, false, LoadReason.Mode),
                (decision.Tier, decision.FirstToken, decision.EndToken, decision.Load, decision.Reason));
            Assert.True(decision.LoadTime > TimeSpan.Zero);
            Assert.InRange(decision.ComputeTime!.Value, TimeSpan.FromSeconds(0.19), TimeSpan.FromSeconds(0.21));
            var nothing = await never.RetrieveAsync(TestKv.Memory(_layout, memory, Prompt));
            Assert.Equal((0, 0, 0L), (nothing.EndToken, nothing.Tokens, nothing.Bytes));

            // Who wants the hit all the same gets it.
            var all = await never.RetrieveAsync(TestKv.Memory(_layout, memory, Prompt), new TransferOptions { EndToken = Prompt });
            Assert.Equal(Prompt, all.EndToken);

            // The node has it: there is nothing to store.
            var stored = await never.StoreAsync(TestKv.Memory(_layout, TestKv.Compute(_layout, _tokens), Prompt));
            Assert.Equal((0, 0L), (stored.Committed, stored.Bytes));
        }

        await using var always = await client.LookupAsync(_layout, _tokens, new LookupOptions { LoadMode = LoadMode.Always });
        Assert.Equal(Prompt, (await always.RetrieveAsync(TestKv.Memory(_layout, memory, Prompt))).EndToken);
        Assert.Null(TestKv.FindDifference(_layout, _tokens, memory, 0, Prompt));
    }

    [Fact]
    public async Task Lookup_NodesModeIsNever_LookupsMayAskForAnother()
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { LoadMode = Core.Planning.LoadMode.Never });
        var client = await WarmAsync(node);
        await using var byNode = await client.LookupAsync(_layout, _tokens);
        await using var auto = await client.LookupAsync(_layout, _tokens, new LookupOptions { LoadMode = LoadMode.Auto });
        Assert.Equal((0, Prompt), (byNode.LoadTokens, auto.LoadTokens));
    }

    [Fact]
    public async Task Lookup_Aligned_LoadTokensAreAMultiple()
    {
        await using var node = await RunningNode.StartAsync();
        var client = await WarmAsync(node);
        await using var reservation = await client.LookupAsync(_layout, _tokens, new LookupOptions { AlignTokens = 48 });
        Assert.Equal((192, 192), (reservation.HitTokens, reservation.LoadTokens));
    }

    [Fact]
    public async Task Ticket_Parsed_BringsLoadTokensToTheRanks()
    {
        await using var node = await RunningNode.StartAsync();
        var client = await WarmAsync(node);
        await using var reservation = await client.LookupAsync(_layout, _tokens, new LookupOptions { LoadMode = LoadMode.Never });
        var ticket = ReservationTicket.Parse(reservation.Ticket.ToString());
        Assert.Equal((Prompt, 0), (ticket.HitTokens, ticket.LoadTokens));
        Assert.Equal(7, ReservationTicket.Parse(
            """{"Reservation":1,"LayoutId":"","HitTokens":7,"TotalTokens":9,"ChunkTokens":256}""").LoadTokens);
    }

    [Fact]
    public async Task Lookup_ModeIsNoneOfTheContracts_IsRefused()
    {
        await using var node = await RunningNode.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        var layout = await session.RegisterAsync(RawLayout.Sound());
        var error = await Assert.ThrowsAsync<RpcException>(() => session.LookupAsync(layout, _tokens,
            request => request.Policy = new LookupPolicy { LoadMode = (Protocol.V1.LoadMode)9 }));
        Assert.Equal(StatusCode.InvalidArgument, error.Status);
        Assert.Contains("policy.load_mode is 9", error.Detail, StringComparison.Ordinal);
    }

    /// <summary>A client of a node that has the prompt and knows what computing costs: 1 ms a token.</summary>
    private async Task<PrefixCacheClient> WarmAsync(RunningNode node, TransferPlane plane = TransferPlane.Stream)
    {
        // Loads that take nothing off a prefill that is not done do not pay.
        var client = await node.ConnectAsync(
            options => options with { SharedMemory = plane == TransferPlane.SharedMemory, PauseWhenUseless = false });
        Assert.Equal(plane, client.Plane);
        await client.RegisterLayoutAsync(_layout);
        await using var cold = await client.LookupAsync(_layout, _tokens);
        await cold.StoreAsync(TestKv.Memory(_layout, TestKv.Compute(_layout, _tokens), Prompt));
        await cold.ReleaseAsync(new UsageReport { ComputedTokens = Prompt, ComputeTime = TimeSpan.FromMilliseconds(Prompt) });
        return client;
    }

    /// <summary>Looks up, follows the advice, and says that loading took so long.</summary>
    private async Task<(int LoadTokens, LoadReason Reason)> AskAsync(PrefixCacheClient client, TimeSpan loading)
    {
        await using var reservation = await client.LookupAsync(_layout, _tokens);
        var tokens = reservation.LoadTokens;
        if (tokens > 0)
        {
            var loaded = await reservation.RetrieveAsync(
                TestKv.Memory(_layout, new byte[_layout.Shapes[0].PayloadBytes(Prompt)], Prompt));
            Assert.Equal(tokens, loaded.Tokens);
            await reservation.ReleaseAsync(new UsageReport { Loaded = loaded with { Elapsed = loading } });
        }

        return (tokens, Assert.Single(reservation.Decisions).Reason);
    }
}
