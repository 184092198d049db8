using System.Text;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Replay;

/// <summary>`prefixcache replay` as a process of its own, and what it said.</summary>
internal sealed record ReplayRun(int Code, string Output, string Errors)
{
    public static async Task<ReplayRun> StartAsync(params string[] arguments)
    {
        await using var process = ChildProcess.Start("prefixcache.dll", ["replay", .. arguments]);
        var output = new StringBuilder();
        while (await process.ReadLineAsync() is { } line) output.Append(line).Append('\n');
        return new ReplayRun(await process.WaitForExitAsync(), output.ToString(), process.Errors);
    }

    /// <summary>Runs what must go well.</summary>
    public static async Task<string> OutputAsync(params string[] arguments)
    {
        var run = await StartAsync(arguments);
        Assert.True(run is { Code: 0, Errors: "" }, $"{run.Code}: {run.Errors}");
        return run.Output;
    }
}
