using System.CommandLine;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Workloads;

namespace PrefixCache.Cli.Replay;

/// <summary>`prefixcache replay TRACE`: what a node would have hit.</summary>
internal static class ReplayCommand
{
    private const string Description = """
        Runs a trace through the node's own index, eviction policy and admission, without payload, and says what would have been a hit.

        A trace is JSONL in Mooncake's format, in prompts as token ids, or what `prefixcache serve --record FILE` notes (hashed, no tokens).

        Examples:
          prefixcache replay trace.jsonl
          prefixcache replay trace.jsonl --policy lru,lru-flat --capacity 1000,10000,inf
          prefixcache replay trace.jsonl --capacity 16GiB,64GiB --layout llama-3.1-8b --svg misses.svg
          prefixcache replay trace.jsonl --policy lru-flat --capacity 10000 --json -
          prefixcache replay trace.jsonl --capacity 5000 --nodes 4 --routing sticky --belady
          prefixcache replay generated:chat --policy lru,reuse --belady
        """;

    public static Command Create()
    {
        var trace = new Argument<string>("TRACE")
        {
            Description = "The trace, JSONL; a name in .gz is unpacked. Or a generated workload: "
                + string.Join(", ", NamedWorkloads.All.Keys.Select(name => ReplayOptions.Generated + name)),
        };
        var format = Text("--format", "mooncake|tokens|record", "Format of the trace [default: found by its first line]");
        var seed = Text("--seed", "number", "Of a generated workload: another number makes another one [default: 1]");
        var limit = Text("--limit", "requests", "Most requests that are read [default: all; 10,000 of a generated workload]");
        var policies = List("--policy", "name", $"Eviction policies, of {string.Join(", ", ReplayPolicies.Names)} "
            + $"[default: {string.Join(",", ReplayPolicies.Default)}]");
        var belady = new Option<bool>("--belady") { Description = "Also the optimum, which knows the future: how far there is to go." };
        var capacities = List("--capacity", "capacity",
            "What a node holds: 10000 (chunks), 40GiB or 40GB (bytes of --layout), inf [default: parts of what the trace asks for]");
        var layout = Text("--layout", "model",
            $"What a token's KV takes: {string.Join(", ", NamedLayout.All.Select(known => known.Name))} (16-bit)");
        var bytesPerToken = Text("--bytes-per-token", "size", "The same for any other model: 131072 or 128KiB");
        var chunkTokens = Text("--chunk-tokens", "tokens", "Tokens of a chunk [default: as the trace has them, 256 where it has tokens]");
        var modes = List("--mode", "all|full", "all = the short last chunk of a prompt counts, full = whole chunks alone [default: all]");
        var admission = Text("--admission", "always|on_reuse|adaptive", "Which new chunks are stored [default: always]");
        var nodes = Text("--nodes", "number", "Nodes, each of the capacity [default: 1]");
        var routing = Text("--routing", "round-robin|sticky",
            "Which node serves a request: in turn, or the one that served its prefix last [default: round-robin]");
        var curve = new Option<bool>("--curve") { Description = "Every step of the exact lru-flat curve goes into --json and --csv." };
        var json = Text("--json", "file", "Write the results as JSON; - = to standard output, and nothing else");
        var csv = Text("--csv", "file", "Write the results as CSV; - = to standard output, and nothing else");
        var svg = Text("--svg", "file", "Draw the miss-ratio curve");
        var quiet = new Option<bool>("--quiet") { Description = "No progress bar." };
        var command = new Command("replay", Description)
        {
            trace, format, seed, limit, policies, belady, capacities, layout, bytesPerToken, chunkTokens, modes, admission, nodes, routing, curve,
            json, csv, svg, quiet,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var reader = new ReplayOptionReader();
            var bytes = reader.BytesPerToken(parsed.GetValue(layout), parsed.GetValue(bytesPerToken));
            var hasLayout = parsed.GetValue(layout) is not null || parsed.GetValue(bytesPerToken) is not null;
            var options = reader.Checked(new ReplayOptions
            {
                Trace = reader.Trace(parsed.GetRequiredValue(trace)),
                Format = reader.Format(parsed.GetValue(format)),
                Seed = reader.Seed(parsed.GetValue(seed)),
                Limit = reader.Limit(parsed.GetValue(limit)),
                Policies = reader.Policies(parsed.GetValue(policies) ?? [], parsed.GetValue(belady)),
                Capacities = reader.Capacities(parsed.GetValue(capacities) ?? [], hasLayout),
                Modes = reader.Modes(parsed.GetValue(modes) ?? []),
                Admission = reader.Admission(parsed.GetValue(admission)),
                ChunkTokens = reader.ChunkTokens(parsed.GetValue(chunkTokens)),
                BytesPerToken = bytes,
                Nodes = reader.Nodes(parsed.GetValue(nodes)),
                Routing = reader.Routing(parsed.GetValue(routing)),
                Curve = parsed.GetValue(curve),
                Json = reader.Output("--json", parsed.GetValue(json)),
                Csv = reader.Output("--csv", parsed.GetValue(csv)),
                Svg = reader.Output("--svg", parsed.GetValue(svg), mayBePiped: false),
                Quiet = parsed.GetValue(quiet),
            });
            return ReplayProgram.RunAsync(options, reader.Faults, cancellation);
        });
        return command;
    }

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    private static Option<string[]> List(string name, string value, string description) => new(name)
    {
        Description = description + " (repeat it, or separate by commas)",
        HelpName = value,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
}
