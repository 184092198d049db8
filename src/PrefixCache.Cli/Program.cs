using System.CommandLine;
using PrefixCache.Cli;
using PrefixCache.Cli.Plan;
using PrefixCache.Cli.Replay;
using PrefixCache.Cli.Serve;

var root = new RootCommand("PrefixCache: shares the KV cache of prompt prefixes between LLM inference workers.")
{
    ServeCommand.Create(),
    ReplayCommand.Create(),
    PlanCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count == 0) return await parsed.InvokeAsync();
foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync(error.Message);
await Console.Error.WriteLineAsync("See 'prefixcache --help', 'prefixcache serve --help', 'prefixcache replay --help' and 'prefixcache "
    + "plan --help'.");
return ExitCode.BadOptions;
