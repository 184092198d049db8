using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Options;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.IntegrationTests.Admin;

/// <summary>The metrics page before Debian's own promtool and prometheus.</summary>
public sealed class PrometheusTests
{
    private const string PromTool = "/usr/bin/promtool";
    private const string Prometheus = "/usr/bin/prometheus";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_WithEveryTier_PassPromtool()
    {
        await using var node = await RunningNode.StartAsync(Options());
        using var http = new HttpClient { BaseAddress = new Uri(node.Node.AdminAddress) };
        using var tool = Start(PromTool, ["check", "metrics"]);
        await tool.StandardInput.WriteAsync(await http.GetStringAsync("/metrics", Cancelled));
        tool.StandardInput.Close();
        var complaints = await tool.StandardOutput.ReadToEndAsync(Cancelled) + await tool.StandardError.ReadToEndAsync(Cancelled);
        await tool.WaitForExitAsync(Cancelled);
        Assert.Equal((0, ""), (tool.ExitCode, complaints));
    }

    [Fact]
    public async Task Metrics_ScrapedByPrometheus_AreWhatTheNodeCounted()
    {
        await using var node = await RunningNode.StartAsync(Options());
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(TestKv.Layout(), Cancelled);
        for (var i = 0; i < 3; i++) await using (await client.LookupAsync(TestKv.Layout(), TestKv.Tokens(70), cancellationToken: Cancelled)) { }
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.Path("prometheus.yml"), $$"""
            scrape_configs:
              - job_name: prefixcache
                scrape_interval: 200ms
                scrape_timeout: 200ms
                static_configs:
                  - targets: ["{{node.Node.AdminAddress["http://".Length..]}}"]
            """, Cancelled);
        var port = FreePort();
        using var prometheus = Start(Prometheus,
        [
            $"--config.file={folder.Path("prometheus.yml")}", $"--storage.tsdb.path={folder.Path("data")}",
            $"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        ]);
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await Until.TrueAsync(async () => await QueryAsync(http, "sum(prefixcache_tokens_asked_total)") == 210,
                () => "prometheus has not scraped 210 tokens");
            Assert.Equal(3, await QueryAsync(http, "sum(prefixcache_lookups_total)"));
            Assert.Equal(1, await QueryAsync(http, "up"));
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<double?> QueryAsync(HttpClient http, string query)
    {
        try
        {
            using var answer = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}", Cancelled));
            var results = answer.RootElement.GetProperty("data").GetProperty("result");
            return results.GetArrayLength() == 0
                ? null
                : double.Parse(results[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static PrefixCacheNodeOptions Options() => RunningNode.Options() with
    {
        Admin = "127.0.0.1:0",
        Redis = new RedisOptions { Servers = [new RedisAddress("127.0.0.1", 1)] },
        Gpu = new GpuOptions { Capacity = new GpuCapacity(1 << 20), Driver = new HostMemoryDriver() },
    };

    private static Process Start(string program, string[] arguments)
    {
        Assert.True(File.Exists(program), $"{program} is missing: install the Debian package prometheus.");
        return Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
