using System.Net;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Admin;

/// <summary>What operators and their probes ask over HTTP.</summary>
public sealed class AdminTests
{
    private const string Token = "an-admin-token-of-tests";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_OfANodeThatServes_AnswerWithoutAToken()
    {
        await using var node = await RunningNode.StartAsync(Options());
        using var http = new HttpClient { BaseAddress = new Uri(node.Node.AdminAddress) };
        Assert.Equal("ok\n", await http.GetStringAsync("/livez", Cancelled));
        Assert.Equal("node: serving\n", await http.GetStringAsync("/readyz", Cancelled));
        using var metrics = await http.GetAsync("/metrics", Cancelled);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", metrics.Content.Headers.ContentType!.ToString());
        Assert.Contains("prefixcache_host_capacity_bytes 67108864",
            await metrics.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        using var unknown = await http.GetAsync("/nothing", Cancelled);
        using var post = await http.PostAsync("/metrics", null, Cancelled);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed), (unknown.StatusCode, post.StatusCode));
    }

    [Fact]
    public async Task Ready_WhileTheNodeDrains_SaysSo()
    {
        await using var node = await RunningNode.StartAsync(Options());
        using var http = new HttpClient { BaseAddress = new Uri(node.Node.AdminAddress) };
        var stopping = node.Node.StopAsync();
        var answers = new List<(HttpStatusCode Status, string Text)>();
        while (!stopping.IsCompleted)
        {
            try
            {
                using var answer = await http.GetAsync("/readyz", Cancelled);
                answers.Add((answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled)));
            }
            catch (HttpRequestException)
            {
                break;
            }
        }

        await stopping;
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.ServiceUnavailable, "node: draining\n"), answer));
    }

    [Fact]
    public async Task Pages_BeyondLoopback_WantATokenThatIsOfAnOperator()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.Path("tokens"), $"{Token} default admin\na-worker-token-of-tests\n", Cancelled);
        await using var node = await RunningNode.StartAsync(Options() with { Admin = "0.0.0.0:0", TokenFile = folder.Path("tokens") });
        using var http = new HttpClient { BaseAddress = new Uri(node.Node.AdminAddress.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)) };
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/readyz", ""));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/metrics", ""));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/metrics", "a-worker-token-of-tests"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/metrics", Token));

        async Task<HttpStatusCode> StatusAsync(string path, string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (token.Length > 0) request.Headers.Authorization = new("Bearer", token);
            using var response = await http.SendAsync(request, Cancelled);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Start_AdminAddressInUse_FailsWhereItWasChosenAndGoesOnWhereItWasNot()
    {
        await using var node = await RunningNode.StartAsync(Options());
        var taken = node.Node.AdminAddress["http://".Length..];
        var failure = await Assert.ThrowsAsync<IOException>(() => PrefixCacheNode.StartAsync(Options() with { Admin = taken }));
        Assert.Contains($"admin: {taken} cannot be listened on", failure.Message, StringComparison.Ordinal);

        await using var first = await RunningNode.StartAsync(Options() with { Admin = PrefixCacheNodeOptions.DefaultAdmin });
        await using var second = await RunningNode.StartAsync(Options() with { Admin = PrefixCacheNodeOptions.DefaultAdmin });
        Assert.Equal("", second.Node.AdminAddress);
    }

    private static PrefixCacheNodeOptions Options() => RunningNode.Options() with { Admin = "127.0.0.1:0" };
}
