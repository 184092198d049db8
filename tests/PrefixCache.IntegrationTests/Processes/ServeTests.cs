using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Processes;

public sealed class ServeTests
{
    [Fact]
    public async Task Serve_ToldToStop_DrainsAndEndsWithZero()
    {
        await using var node = await ServeProcess.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(8192));
        var kv = TestKv.Compute(layout, tokens);
        var draining = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = node.Address }, happened =>
        {
            if (happened.Kind == ClientEventKind.Draining) draining.TrySetResult();
        });
        await client.RegisterLayoutAsync(layout);
        await using (var first = await client.LookupAsync(layout, tokens)) await first.StoreAsync(TestKv.Memory(layout, kv, tokens.Length));
        var warm = await client.LookupAsync(layout, tokens);
        Assert.Equal(tokens.Length, warm.HitTokens);
        var memory = new byte[kv.Length];
        using var gated = new GatedKvMemory(TestKv.Memory(layout, memory, tokens.Length), 64);
        var retrieve = Task.Run(() => warm.RetrieveAsync(gated).AsTask());
        await gated.Reached.WaitAsync(RawSession.CallTimeout);

        node.Terminate();
        await draining.Task.WaitAsync(RawSession.CallTimeout);
        await using (var late = await client.LookupAsync(layout, tokens)) Assert.Equal(0, late.HitTokens);
        Assert.False(retrieve.IsCompleted);
        gated.Open();
        Assert.Equal(tokens.Length, (await retrieve.WaitAsync(RawSession.CallTimeout)).Tokens);
        Assert.Equal(kv, memory);
        Assert.Equal(0, await node.WaitForExitAsync());
    }

    [Fact]
    public async Task Serve_WithFaultyOptions_NamesAllAndEndsWithTwo()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", """{ "no-such": 1, "max-tokens": -4 }""");
        var environment = new Dictionary<string, string> { ["PREFIXCACHE_DRAIN_GRACE"] = "soon" };
        var (code, errors) = await ServeProcess.FailAsync(["--config", file, "--listen", "0.0.0.0:7420", "--capacity", "much"],
            environment);
        Assert.Equal(2, code);
        foreach (var fault in new[]
        {
            $"{file}: there is no option 'no-such'", "max-tokens: -4 is out of range", "environment: drain-grace: 'soon' is no time",
            "command line: capacity: 'much' is no size", "listen: 0.0.0.0:7420 is reachable from other hosts",
        })
            Assert.Contains(fault, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_OnAnAddressInUse_SaysSoAndEndsWithOne()
    {
        await using var node = await RunningNode.StartAsync();
        var endPoint = node.Address["http://".Length..];
        var (code, errors) = await ServeProcess.FailAsync(["--capacity", "64MiB", "--lock-pages", "false", "--listen", endPoint]);
        Assert.Equal(1, code);
        Assert.StartsWith("The node cannot start: ", errors, StringComparison.Ordinal);
        Assert.Contains(endPoint, errors, StringComparison.Ordinal);
        Assert.Contains("in use", errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task Serve_OnAnAddressThatIsNotTheMachines_SaysSoAndEndsWithOne()
    {
        using var folder = new TemporaryFolder();
        var tokens = folder.Write("tokens", "0123456789abcdef");
        var (code, errors) = await ServeProcess.FailAsync(
            ["--capacity", "64MiB", "--lock-pages", "false", "--token-file", tokens, "--listen", "192.0.2.1:7420"]);
        Assert.Equal(1, code);
        Assert.StartsWith("The node cannot start: ", errors, StringComparison.Ordinal);
        Assert.Contains("192.0.2.1:7420", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'--capacty'", "--capacty", "4GiB")]
    [InlineData("'extra'", "extra")]
    [InlineData("'--capacity'", "--capacity")]
    [InlineData("there is no such file", "--config", "/nowhere/node.json")]
    public async Task Serve_WithAMistypedCommandLine_SaysWhatAndEndsWithTwo(string says, params string[] arguments)
    {
        var (code, errors) = await ServeProcess.FailAsync(arguments);
        Assert.Equal(2, code);
        Assert.Contains(says, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Options:", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_WithMoreMemoryThanThereIs_NamesTheFixAndEndsWithTwo()
    {
        var (code, errors) = await ServeProcess.FailAsync(["--listen", "127.0.0.1:0", "--capacity", "1000TiB"]);
        Assert.Equal(2, code);
        Assert.Contains("capacity", errors, StringComparison.OrdinalIgnoreCase);
        Assert.Single(errors.Trim().Split('\n'));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_OfANodeThatIsKilledAndStartedAgain_MissesMeanwhileAndComesBackByItself(bool unixSocket)
    {
        using var folder = new TemporaryFolder();
        var (layout, tokens, socket) = (TestKv.Layout(), TestKv.Tokens(64), folder.Path("n.sock"));
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 64);
        var node = await ServeProcess.StartAsync("--socket", socket);
        var address = node.Addresses[unixSocket ? 1 : 0];
        var events = new EventLog();
        await using var client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions { Address = address, CallTimeout = TimeSpan.FromSeconds(10) }, events.Add);
        await client.RegisterLayoutAsync(layout);
        var held = await client.LookupAsync(layout, tokens);
        Assert.Equal(2, (await held.StoreAsync(source)).Committed);
        var incarnation = (await client.GetStatisticsAsync()).Incarnation;

        node.Kill();
        await events.WaitForAsync(ClientEventKind.Disconnected, 1);
        Assert.False(client.IsConnected);
        await AssertAllMissAsync(client, held, source);
        await node.DisposeAsync();

        await using var again = await ServeProcess.StartAsync("--socket", socket, "--listen", node.Address["http://".Length..]);
        await events.WaitForAsync(ClientEventKind.Connected, 2);
        Assert.NotEqual(incarnation, (await client.GetStatisticsAsync()).Incarnation);
        await AssertAllMissAsync(null, held, source);
        await using var cold = await client.LookupAsync(layout, tokens);
        Assert.Equal((true, 0), (cold.IsLive, cold.HitTokens));
        Assert.Equal(2, (await cold.StoreAsync(source)).Committed);
        await using var warm = await client.LookupAsync(layout, tokens);
        Assert.Equal(64, warm.HitTokens);
    }

    /// <summary>Everything is a miss at once and throws nothing.</summary>
    private static async Task AssertAllMissAsync(PrefixCacheClient? client, PrefixReservation held, Client.Memory.IKvMemory memory)
    {
        Assert.False(held.IsLive);
        Assert.Equal(0, (await held.RetrieveAsync(memory)).Tokens);
        Assert.Equal((0, 0, 0, 0L), await held.StoreAsync(memory) is var store
            ? (store.Committed, store.Present, store.Refused, store.Bytes) : default);
        Assert.False(await held.AppendAsync(TestKv.Tokens(1)));
        Assert.False(await held.ReleaseHitAsync());
        if (client is null) return;
        await using var lookup = await client.LookupAsync(TestKv.Layout(), TestKv.Tokens(64));
        Assert.Equal((false, 0), (lookup.IsLive, lookup.HitTokens));
        await Assert.ThrowsAsync<PrefixCacheException>(() => client.GetStatisticsAsync());
    }
}
