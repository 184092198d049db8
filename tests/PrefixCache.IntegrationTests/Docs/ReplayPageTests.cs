using System.Text.RegularExpressions;
using PrefixCache.Core.Replay.Traces;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.IntegrationTests.Replay;

namespace PrefixCache.IntegrationTests.Docs;

/// <summary>What docs/replay.md shows is what the command does.</summary>
public sealed partial class ReplayPageTests
{
    private static string Page => Repository.Read("docs/replay.md");

    [Fact]
    public async Task Options_InThePageAndInTheHelp_AreTheSame()
    {
        var rows = Row().Matches(Page).SelectMany(row => Option().Matches(row.Value)).Select(option => option.Value);
        var help = Option().Matches(await ReplayRun.OutputAsync("--help")).Select(option => option.Value);
        Assert.Equal(help.Except(["--help", "--record"]).Distinct().Order(), rows.Except(["--help"]).Distinct().Order());
    }

    [Fact]
    public void Examples_OfEveryFormat_AreRead()
    {
        using var folder = new TemporaryFolder();
        var formats = Example().Matches(Page).Select((example, index) => TraceFile.Load(
            folder.Write($"{index}.jsonl", example.Groups[1].Value), null, int.MaxValue, null, TestContext.Current.CancellationToken).Format);
        Assert.Equal(Enum.GetValues<TraceFormat>(), formats);
    }

    [GeneratedRegex(@"^\| `--.*$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"--[a-z][a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
