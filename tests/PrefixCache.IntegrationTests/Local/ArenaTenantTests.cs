using Google.Protobuf;
using Microsoft.Extensions.Logging;
using PrefixCache.Core.Sharing;
using PrefixCache.Format.SharedMemory;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Local;

/// <summary>Whose tenant has which arena, by the token file and the trust domains.</summary>
public sealed class ArenaTenantTests
{
    private const string Alpha = "alpha-token-0123456789";
    private const string Beta = "beta-token-0123456789";
    private const string Reader = "reader-token-0123456789";
    private const string NotShared = "Tenants alpha, beta use one arena without trusting one another: "
        + "their workers use streams; give them trust-domains";

    private const string Tokens = $"""
        {Alpha} alpha
        {Beta} beta
        {Reader} alpha	read-only
        """;

    [Fact]
    public async Task Tenants_WithoutTrustDomains_HaveNoArenaAndTheLogNamesThem()
    {
        using var folder = new TemporaryFolder();
        var log = new MessageLog();
        await using var node = await PrefixCacheNode.StartAsync(Options(folder), LoggerFactory.Create(logging => logging.AddProvider(log)));
        await using var session = await RawSession.OpenAsync(node.Address, token: Alpha);

        Assert.Null(session.Opened.SharedMemory);
        Assert.Equal([NotShared], log.Messages.Where(line => line.Contains("trust-domains", StringComparison.Ordinal)));
        var address = log.Messages.Single(line => line.Contains("shared memory at", StringComparison.Ordinal)).Split(' ')[^1];
        var refused = await Assert.ThrowsAsync<ArenaRefusedException>(() => AskAsync(address, session.Id));
        Assert.Equal("Tenant 'alpha' is in no trust domain, so its KV travels in streams: name it in trust-domains.", refused.Message);
    }

    [Fact]
    public async Task Refusals_AreLoggedOnceInAWhileWithoutTheSession()
    {
        var log = new MessageLog();
        await using var node = await PrefixCacheNode.StartAsync(
            RunningNode.Options(), LoggerFactory.Create(logging => logging.AddProvider(log)));
        await using var session = await RawSession.OpenAsync(node.Address);
        for (var i = 0; i < 20; i++)
        {
            var unknown = ByteString.CopyFrom(Guid.NewGuid().ToByteArray());
            await Assert.ThrowsAsync<ArenaRefusedException>(() => AskAsync(session.Opened.SharedMemory.Socket, unknown));
        }

        var line = Assert.Single(log.Messages, line => line.Contains("refused", StringComparison.Ordinal));
        Assert.EndsWith($"process {Environment.ProcessId} of user {Core.Native.Posix.PosixUser.Current}: "
            + "The session is unknown or has ended: open one, and keep its call alive.", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tenants_InDomainsOfTheirOwn_GetArenasOfTheirOwn()
    {
        using var folder = new TemporaryFolder();
        var domains = new[] { new TrustDomainOptions("a", 1 << 20, ["alpha"]), new TrustDomainOptions("b", 2 << 20, ["beta"]) };
        await using var node = await RunningNode.StartAsync(Options(folder) with { TrustDomains = domains });
        await using var alpha = await RawSession.OpenAsync(node.Address, token: Alpha);
        await using var beta = await RawSession.OpenAsync(node.Address, token: Beta);

        using var first = await AskAsync(alpha.Opened.SharedMemory.Socket, alpha.Id);
        using var second = await AskAsync(beta.Opened.SharedMemory.Socket, beta.Id);

        Assert.Equal((1 << 20, 2 << 20), (first.Bytes, second.Bytes));
        Assert.NotEqual(first.ArenaId, second.ArenaId);
        Assert.Equal(first.ArenaId, new Guid(alpha.Opened.SharedMemory.Arena.Span, bigEndian: true));
        Assert.Equal(second.ArenaId, new Guid(beta.Opened.SharedMemory.Arena.Span, bigEndian: true));
    }

    [Fact]
    public async Task LastTenant_ThatNoDomainNames_HasTheMainArena()
    {
        using var folder = new TemporaryFolder();
        var domains = new[] { new TrustDomainOptions("a", 1 << 20, ["alpha"]) };
        await using var node = await RunningNode.StartAsync(Options(folder) with { TrustDomains = domains });
        await using var beta = await RawSession.OpenAsync(node.Address, token: Beta);

        using var view = await AskAsync(beta.Opened.SharedMemory.Socket, beta.Id);

        Assert.Equal(64 << 20, view.Bytes);
    }

    [Fact]
    public async Task Tenant_OfADomainThatNoTokenNames_IsAFaultOfTheOptions()
    {
        using var folder = new TemporaryFolder();
        var options = Options(folder) with { TrustDomains = [new TrustDomainOptions("a", 1 << 20, ["alpha", "zz"])] };
        var fault = await Assert.ThrowsAsync<NodeOptionsException>(() => PrefixCacheNode.StartAsync(options));
        Assert.Contains("tenant 'zz' is named by no token of token-file", fault.Message, StringComparison.Ordinal);
        fault = await Assert.ThrowsAsync<NodeOptionsException>(() => PrefixCacheNode.StartAsync(options with { TokenFile = "" }));
        Assert.Contains("only tenant 'default' exists, not 'alpha'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MainArena_OfNoTenant_IsWarnedOf()
    {
        using var folder = new TemporaryFolder();
        var log = new MessageLog();
        var options = Options(folder) with { TrustDomains = [new TrustDomainOptions("a", 1 << 20, ["alpha", "beta"])] };
        await using var node = await PrefixCacheNode.StartAsync(options, LoggerFactory.Create(logging => logging.AddProvider(log)));
        Assert.Contains("No tenant uses the main arena of 64MiB: every one is in a trust domain; lower capacity", log.Messages);
    }

    [Fact]
    public async Task Token_ThatIsReadOnly_GetsThePayloadForReading()
    {
        using var folder = new TemporaryFolder();
        var domains = new[] { new TrustDomainOptions("a", 1 << 20, ["alpha"]) };
        await using var node = await RunningNode.StartAsync(Options(folder) with { TrustDomains = domains });
        await using var reader = await RawSession.OpenAsync(node.Address, token: Reader);
        await using var writer = await RawSession.OpenAsync(node.Address, token: Alpha);

        using var readable = await AskAsync(reader.Opened.SharedMemory.Socket, reader.Id);
        using var writable = await AskAsync(writer.Opened.SharedMemory.Socket, writer.Id);

        Assert.Equal((false, true), (readable.IsWritable, writable.IsWritable));
        Assert.Equal(readable.ArenaId, writable.ArenaId);
        Assert.Equal("alpha", reader.Opened.Tenant);
    }

    private static PrefixCacheNodeOptions Options(TemporaryFolder folder) =>
        RunningNode.Options() with { TokenFile = folder.Write("tokens", Tokens) };

    private static Task<ArenaView> AskAsync(string socket, ByteString session) =>
        ArenaConnector.ConnectAsync(socket, session.Memory, TestContext.Current.CancellationToken);
}
