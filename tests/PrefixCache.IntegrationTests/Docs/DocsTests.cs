using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Options;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.IntegrationTests.Docs;

/// <summary>What the pages quote exists: links, paths, projects, options, metrics.</summary>
public sealed partial class DocsTests
{
    [Fact]
    public void Links_InEveryPage_LeadToFiles()
    {
        var broken = from page in Repository.Pages
                     from Match link in Link().Matches(File.ReadAllText(page))
                     let target = link.Groups[1].Value
                     where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#')
                     where !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target.Split('#')[0]))
                     select $"{page}: {target}";
        Assert.Empty(broken);
    }

    [Fact]
    public void Projects_InEveryQuotedCommand_Exist()
    {
        var missing = from page in Repository.Pages
                      from Match project in Project().Matches(File.ReadAllText(page))
                      where !Directory.Exists(Path.Combine(Repository.Root, project.Groups[1].Value))
                      select $"{page}: {project.Value}";
        Assert.Empty(missing);
    }

    [Fact]
    public void Options_InThePageAndInTheTable_AreTheSame()
    {
        var rows = OptionRow().Matches(Repository.Read("docs/configuration.md")).ToDictionary(
            row => row.Groups[1].Value, row => row.Groups[2].Value.Trim('`'));
        var table = NodeOptionTable.All.ToDictionary(option => option.Name, option => option.Default.Length == 0 ? "none" : option.Default);
        Assert.Equal(table.OrderBy(pair => pair.Key), rows.OrderBy(pair => pair.Key));
    }

    [Fact]
    public async Task Metrics_InThePageAndOnTheMeter_AreTheSame()
    {
        // With every tier; this Redis need not be there.
        var options = RunningNode.Options() with
        {
            Redis = new RedisOptions { Servers = [new RedisAddress("127.0.0.1", 1)] },
            Gpu = new GpuOptions { Capacity = new GpuCapacity(1 << 20), Driver = new HostMemoryDriver() },
        };
        await using var node = await RunningNode.StartAsync(options);
        var published = new SortedSet<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == "PrefixCache") lock (published) published.Add(instrument.Name);
            },
        };
        listener.Start();
        var quoted = MetricName().Matches(Repository.Read("docs/configuration.md")).Select(match => match.Groups[1].Value);
        Assert.Equal(published, [.. quoted.Distinct().Order()]);
    }

    [Fact]
    public async Task Compose_IsAccepted()
    {
        Assert.True(File.Exists("/usr/bin/docker-compose"), "This test needs the Debian package docker-compose.");
        var folder = Directory.CreateTempSubdirectory("prefixcache-compose");
        try
        {
            File.Copy(Path.Combine(Repository.Root, "docker-compose.yml"), Path.Combine(folder.FullName, "docker-compose.yml"));
            var start = new ProcessStartInfo(
                "/usr/bin/docker-compose", ["config", "-q"])
            { WorkingDirectory = folder.FullName, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, error);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"--project (\S+)")]
    private static partial Regex Project();

    [GeneratedRegex(@"^\| `([a-z-]+)` \| (\S+) \|", RegexOptions.Multiline)]
    private static partial Regex OptionRow();

    [GeneratedRegex(@"`(prefixcache\.[a-z._]+)`")]
    private static partial Regex MetricName();
}
