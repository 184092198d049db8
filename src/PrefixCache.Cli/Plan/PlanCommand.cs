using System.CommandLine;
using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan;

/// <summary>`prefixcache plan`: the KV arithmetic.</summary>
internal static class PlanCommand
{
    private const string Description = """
        Says what a model's weights and KV take, how many requests fit on a GPU and how many GPUs it takes, what a shared prefix gives back,
        and how large each tier should be for it. Every line has its formula. GiB = 2^30 and GB = 10^9 bytes.

        Examples:
          prefixcache plan --model llama-3.1-8b --gpu a100-80gb --context 8192
          prefixcache plan --model llama-3.1-8b --gpu a100-80gb --context 8192 --json
          prefixcache plan --model llama-3.1-70b --gpu h100 --context 16k --users 50
          prefixcache plan --model llama-3.1-8b --gpu l4 --context 8k --prefix 2000 --hit-rate 80%
          prefixcache plan --model my-model/config.json --gpu 24GB --dtype int4 --kv-dtype fp8
          prefixcache plan --model llama-2-13b --gpu a100-40gb --context 2k --users 10 --per-user-gb 1.6 --buffer-gb 9.2
          prefixcache plan --model opt-175b --context 2k --output 512 --samples 4
          prefixcache plan --parameters 13B --gpu l40s
        """;

    public static Command Create()
    {
        var model = Text("--model", "name|file", "One of " + string.Join(", ", ModelCatalog.All.Select(known => known.Name))
            + "; or a Hugging Face config.json, or its folder");
        model.Aliases.Add("--config");
        var parameters = Text("--parameters", "number", "In place of a model, its parameters: 345M, 13B; weights are all that follows");
        var type = Text("--dtype", Names(WeightType.All), "Of the weights [default: as published]");
        var kvType = Text("--kv-dtype", Names(WeightType.ForKv), "Of the KV [default: the weights', bf16 where those have fewer bits]");
        var gpu = Text("--gpu", "name|size", "One of " + string.Join(", ", GpuCatalog.All.Select(known => known.Name))
            + "; or 80GB, 80GiB");
        var gpus = Text("--gpus", "number", "GPUs that are there [default: as many as it takes]");
        var teraflops = Text("--tflops", "number", "What a GPU computes, dense 16-bit TFLOP/s [default: as the list has it]");
        var utilization = Text("--mfu", "share", "Of that, what prefill reaches [default: 50%]");
        var context = Text("--context", "tokens", "Of the longest request, prompt and output: 8192 or 8k [default: 8k, or the model's "
            + "longest]");
        var average = Text("--average-context", "tokens", "Of the average request [default: half-way between the prefix and --context]");
        var output = Text("--output", "tokens", "Of the context, what is generated; needed with --samples and --beams [default: 0]");
        var samples = Text("--samples", "number", "Outputs of one prompt that are generated in parallel [default: 1]");
        var beams = Text("--beams", "number", "Width of a beam search [default: 1]");
        var contiguous = new Option<bool>("--contiguous") { Description = "KV of a sequence lies in one piece, as long as --context." };
        var block = Text("--block-tokens", "tokens", "Of a page of KV [default: 16]");
        var fragmentation = Text("--fragmentation", "share",
            "Of the KV's memory, what is lost between requests [default: 0%; 30% with --contiguous]");
        var headroom = Text("--headroom", "share", "Of a GPU's memory, what is left free [default: 10%]");
        var overhead = Text("--overhead", "size", "Of each GPU, what driver, graphs and workspaces take [default: 1GiB]");
        var step = Text("--step-tokens", "tokens", "That the engine computes at a time at most [default: 8192]");
        var users = Text("--users", "number", "Requests at a time that are wanted [default: as many as fit]");
        var prefix = Text("--prefix", "tokens", "That requests have in common");
        var prefixes = Text("--prefixes", "number", "Different ones of that length [default: 1]");
        var hitRate = Text("--hit-rate", "share", "Of the requests, how many find theirs: 80% or 0.8");
        var perUser = Text("--per-user-gb", "GB", "Rule of thumb beside the exact answer: GB of each of --users");
        var buffer = Text("--buffer-gb", "GB", "The same: GB added once [default: 0]");
        var json = new Option<bool>("--json") { Description = "Print JSON: bytes and counts as whole numbers, formulas, notes." };
        var markdown = new Option<bool>("--markdown") { Description = "Print Markdown." };
        var command = new Command("plan", Description)
        {
            model, parameters, type, kvType, gpu, gpus, teraflops, utilization, context, average, output, samples, beams, contiguous, block,
            fragmentation, headroom, overhead, step, users, prefix, prefixes, hitRate, perUser, buffer, json, markdown,
        };
        command.SetAction(parsed =>
        {
            string? Of(Option<string?> option) => parsed.GetValue(option);
            return PlanProgram.Run(new PlanOptions
            {
                Model = Of(model),
                Parameters = Of(parameters),
                Type = Of(type),
                KvType = Of(kvType),
                Gpu = Of(gpu),
                Gpus = Of(gpus),
                Teraflops = Of(teraflops),
                Utilization = Of(utilization),
                Context = Of(context),
                AverageContext = Of(average),
                Output = Of(output),
                Samples = Of(samples),
                Beams = Of(beams),
                IsContiguous = parsed.GetValue(contiguous),
                BlockTokens = Of(block),
                Fragmentation = Of(fragmentation),
                Headroom = Of(headroom),
                Overhead = Of(overhead),
                StepTokens = Of(step),
                Users = Of(users),
                Prefix = Of(prefix),
                Prefixes = Of(prefixes),
                HitRate = Of(hitRate),
                PerUserGigabytes = Of(perUser),
                BufferGigabytes = Of(buffer),
                Json = parsed.GetValue(json),
                Markdown = parsed.GetValue(markdown),
            });
        });
        return command;
    }

    private static string Names(IEnumerable<WeightType> types) => string.Join('|', types.Select(type => type.Name));

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };
}
