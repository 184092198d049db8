using System.CommandLine;
using PrefixCache.Cli.Serve;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Nodes;

/// <summary>`prefixcache serve` as it is, ended by its standard input too.</summary>
internal static class NodeProgram
{
    /// <param name="options">Of `prefixcache serve`.</param>
    public static async Task<int> RunAsync(string[] options)
    {
        InputEnd.WatchAndTerminate();
        return await new RootCommand { ServeCommand.Create() }.Parse(["serve", .. options]).InvokeAsync();
    }
}
