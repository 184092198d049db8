using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class ConversationTests
{
    private const int Turns = 10;

    /// <summary>
    /// Ten turns: each sends its new tokens alone behind the turn before (which it names), reuses all of that turn's prompt and answer, and
    /// has the node hash no token twice but those of the chunk in which the last turn ended.
    /// </summary>
    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task TenTurns_EachBehindTheLast_ReuseItsPromptAndAnswer(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var layout = TestKv.Layout();
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        var random = new Random(5);
        int[] tokens = [.. TestKv.Tokens(300)];
        PrefixReservation? last = null;
        var known = 0;
        for (var turn = 0; turn < Turns; turn++)
        {
            tokens = [.. tokens, .. TestKv.Tokens(random.Next(20, 60), 100 + turn)];
            var hashed = node.Node.Counters.TokensHashed;
            var asked = node.Node.Counters.TokensAsked;
            var reservation = await client.LookupAsync(layout, tokens, new LookupOptions { Parent = last });
            Assert.Equal((known, tokens.Length), (reservation.HitTokens, reservation.TotalTokens));
            Assert.Equal((hashed, tokens.Length), (node.Node.Counters.TokensHashed, node.Node.Counters.TokensAsked - asked));
            if (last is not null) await last.DisposeAsync();

            var memory = new byte[layout.Shapes[0].PayloadBytes(tokens.Length)];
            var loaded = await reservation.RetrieveAsync(TestKv.Memory(layout, memory, tokens.Length));
            Assert.Equal(known, loaded.Tokens);
            Assert.Null(TestKv.FindDifference(layout, tokens, memory, 0, known));

            // The answer, token by token as it is decoded.
            var answer = TestKv.Tokens(random.Next(10, 50), 200 + turn);
            foreach (var token in answer) Assert.True(await reservation.AppendAsync(new[] { token }));
            tokens = [.. tokens, .. answer];
            await reservation.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), tokens.Length),
                new TransferOptions { FirstToken = known });
            var whole = known / layout.ChunkTokens * layout.ChunkTokens;
            Assert.Equal(tokens.Length - whole, node.Node.Counters.TokensHashed - hashed);
            (last, known) = (reservation, tokens.Length);
        }

        await last!.DisposeAsync();
    }

    [Fact]
    public async Task FollowUp_OfAParentThatTheNodeForgot_SendsAllTokens()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(200));
        var client = await node.ConnectAsync(options => options with { Strict = false });
        await client.RegisterLayoutAsync(layout);
        var parent = await client.LookupAsync(layout, tokens.AsMemory(0, 100));
        await parent.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens.AsSpan(0, 100)), 100));

        // Ended behind the client's back.
        await using (var same = client.OpenReservation(layout, parent.Ticket)) await same.ReleaseAsync();
        await using var child = await client.LookupAsync(layout, tokens, new LookupOptions { Parent = parent });
        Assert.Equal((true, 100, 200), (child.IsLive, child.HitTokens, child.TotalTokens));
    }

    [Fact]
    public async Task FollowUp_OfAParentWithOtherTokens_SendsAllTokens()
    {
        await using var node = await RunningNode.StartAsync();
        var layout = TestKv.Layout();
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        var stored = TestKv.Tokens(128, seed: 1);
        await using (var first = await client.LookupAsync(layout, stored))
            await first.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, stored), 128));
        await using var parent = await client.LookupAsync(layout, stored);

        var other = TestKv.Tokens(200, seed: 2);
        await using var child = await client.LookupAsync(layout, other, new LookupOptions { Parent = parent });
        Assert.Equal((0, MissReason.NeverSeen), (child.HitTokens, child.MissReason));
    }
}
