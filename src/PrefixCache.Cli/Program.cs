using System.CommandLine;
using PrefixCache.Cli.Serve;

var root = new RootCommand("PrefixCache: shares the KV cache of prompt prefixes between LLM inference workers.") { ServeCommand.Create() };
return await root.Parse(args).InvokeAsync();
