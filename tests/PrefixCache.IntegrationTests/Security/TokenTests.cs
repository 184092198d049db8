using PrefixCache.Client;
using PrefixCache.Grpc;
using PrefixCache.Grpc.Health;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Security;

public sealed class TokenTests
{
    private const string Alpha = "alpha-token-0123456789";
    private const string Beta = "beta-token-0123456789";
    private const string Both = "both-token-0123456789";

    private const string File = $"""
        # token, then its tenants
        {Alpha} alpha
        {Beta}	beta
        {Both} beta, alpha
        default-token-0123456789
        """;

    [Theory]
    [InlineData("", "send the metadata 'authorization: Bearer TOKEN'")]
    [InlineData("wrong-token-0123456789", "is none of this node's")]
    [InlineData("alpha-token-012345678", "is none of this node's")]
    public async Task EveryCall_WithoutARightToken_IsUnauthenticated(string token, string says)
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        await Fails.WithAsync(StatusCode.Unauthenticated, says, () => RawSession.OpenAsync(node.Address, token: token));
        using var channel = RawSession.OpenChannel(node.Address, token);
        await Fails.WithAsync(StatusCode.Unauthenticated, says,
            () => channel.UnaryAsync(PrefixCacheMethods.GetStatistics, new GetStatisticsRequest()));
        Assert.Equal(0, node.Node.Snapshot().Sessions);
    }

    [Theory]
    [InlineData(Alpha, "", "alpha")]
    [InlineData(Beta, "beta", "beta")]
    [InlineData(Both, "", "beta")]
    [InlineData(Both, "alpha", "alpha")]
    [InlineData("default-token-0123456789", "", "default")]
    public async Task OpenSession_ForATenantOfTheToken_WorksForIt(string token, string asked, string tenant)
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        await using var session = await RawSession.OpenAsync(node.Address, request => request.Tenant = asked, token);
        Assert.Equal(tenant, session.Opened.Tenant);
    }

    [Theory]
    [InlineData(Alpha, "beta")]
    [InlineData(Alpha, "default")]
    [InlineData(Alpha, "ALPHA")]
    public async Task OpenSession_ForAnotherTenant_IsDenied(string token, string tenant)
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        await Fails.WithAsync(StatusCode.PermissionDenied, "does not name this tenant",
            () => RawSession.OpenAsync(node.Address, request => request.Tenant = tenant, token));
    }

    [Fact]
    public async Task Session_UsedWithAnotherTenantsToken_IsDenied()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        await using var alpha = await RawSession.OpenAsync(node.Address, token: Alpha);
        using var thief = RawSession.OpenChannel(node.Address, Beta);
        await Fails.WithAsync(StatusCode.PermissionDenied, "a tenant that this credential does not name",
            () => thief.UnaryAsync(PrefixCacheMethods.ClearNamespace, new ClearNamespaceRequest { Session = alpha.Id, All = true }));
        await using var owner = await RawSession.OpenAsync(node.Address, request => request.PreviousSession = alpha.Id, Beta);
        Assert.NotEmpty(await alpha.RegisterAsync(RawLayout.Sound()));
    }

    [Fact]
    public async Task TwoTenants_NeverShareAHitNorClearOneAnother()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(64));
        var alpha = await node.ConnectAsync(options => options with { Token = Alpha, InstanceId = "same" });
        var beta = await node.ConnectAsync(options => options with { Token = Beta, InstanceId = "same" });
        var guest = await node.ConnectAsync(options => options with { Token = Both, Tenant = "alpha" });
        foreach (var client in new[] { alpha, beta, guest }) await client.RegisterLayoutAsync(layout);
        await using (var stored = await alpha.LookupAsync(layout, tokens))
            await stored.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), 64));
        Assert.Equal(0, await HitAsync(beta, tokens));
        Assert.Equal(64, await HitAsync(guest, tokens));
        Assert.Equal(0, await beta.ClearAllAsync());
        Assert.Equal(64, await HitAsync(alpha, tokens));
        Assert.Equal(2, await guest.ClearAllAsync());
        Assert.Equal(0, await HitAsync(alpha, tokens));
    }

    [Fact]
    public async Task Reservation_OfAnotherTenantsEngineWithTheSameInstanceId_IsUnknown()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        await using var alpha = await RawSession.OpenAsync(node.Address, request => request.InstanceId = "same", Alpha);
        await using var beta = await RawSession.OpenAsync(node.Address, request => request.InstanceId = "same", Beta);
        var answer = await alpha.LookupAsync(await alpha.RegisterAsync(RawLayout.Sound()), Requester.Tokens);
        await Fails.WithAsync(StatusCode.NotFound, "unknown or has ended", () => beta.ReleaseAsync(answer.Reservation));
    }

    [Fact]
    public async Task HealthCheck_NeedsNoToken()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder);
        using var channel = RawSession.OpenChannel(node.Address);
        foreach (var service in new[] { "", "prefixcache.v1.PrefixCache" })
        {
            var answer = await channel.UnaryAsync(HealthService.Check, new HealthCheckRequest { Service = service });
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
        }
    }

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    [InlineData("192.0.2.1:7420")]
    public async Task Start_BeyondLoopbackWithoutTokens_IsRefused(string listen)
    {
        var exception = await Assert.ThrowsAsync<NodeOptionsException>(() =>
            RunningNode.StartAsync(RunningNode.Options() with { Listen = [listen] }));
        Assert.Contains($"listen: {listen} is reachable from other hosts: set token-file", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "there is no token in it")]
    [InlineData("# nothing\n\n", "there is no token in it")]
    [InlineData("short alpha", "line 1: the token has 5 characters: use at least 16")]
    [InlineData(Alpha + " alpha\n" + Alpha + " beta", "line 2: the token stands in the file twice")]
    [InlineData(Alpha + " ,", "line 1: no tenant is named")]
    public async Task Start_WithAFaultyTokenFile_NamesTheLineAndNotTheToken(string text, string says)
    {
        using var folder = new TemporaryFolder();
        var options = RunningNode.Options() with { TokenFile = folder.Write("tokens", text) };
        var exception = await Assert.ThrowsAsync<NodeOptionsException>(() => RunningNode.StartAsync(options));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Alpha, exception.Message, StringComparison.Ordinal);
    }

    private static Task<RunningNode> StartAsync(TemporaryFolder folder) =>
        RunningNode.StartAsync(RunningNode.Options() with { TokenFile = folder.Write("tokens", File) });

    private static async Task<int> HitAsync(PrefixCacheClient client, int[] tokens)
    {
        await using var lookup = await client.LookupAsync(TestKv.Layout(), tokens);
        return lookup.HitTokens;
    }
}
