using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan;

/// <summary>Makes a setup of the options, and checks what no single option can.</summary>
internal sealed class PlanSetupReader(PlanOptions options, PlanOptionReader reader)
{
    private const int MaxGpus = 1 << 16;
    private const int MaxUsers = 1_000_000;
    private const int MaxSequences = 1024;
    private const int MaxBlockTokens = 4096;
    private const int DefaultContext = 8192;
    private const double ContiguousFragmentation = 0.3;

    /// <summary>Null = there were faults, which the reader has.</summary>
    public PlanSetup? Read()
    {
        var type = reader.Type("--dtype", options.Type, WeightType.All);
        var kvType = reader.Type("--kv-dtype", options.KvType, WeightType.ForKv);
        var gpu = reader.Gpu(options.Gpu, (double?)reader.Amount("--tflops", options.Teraflops, "TFLOP/s"));
        var gpus = reader.Number("--gpus", options.Gpus, MaxGpus);
        if (gpus is not null && options.Gpu is null) reader.Fault("--gpus: add --gpu, which they are");
        var users = reader.Number("--users", options.Users, MaxUsers);
        var model = options.Model is null ? null : reader.Model(options.Model);
        var request = Request(model);
        var prefix = Prefix(request);
        var average = Average(request, prefix);
        var fragmentation = reader.Share("--fragmentation", options.Fragmentation, 0.9);
        var headroom = reader.Share("--headroom", options.Headroom, 0.9);
        var overhead = reader.Size("--overhead", options.Overhead);
        var step = reader.Tokens("--step-tokens", options.StepTokens);
        var utilization = reader.Share("--mfu", options.Utilization, 1, mayBeNone: false);
        var rule = Rule(users);
        if (model is null || reader.Faults.Count > 0) return null;
        var weights = type ?? model.WeightType;
        return new PlanSetup
        {
            Model = model,
            WeightType = weights,
            KvType = kvType ?? weights.Compute,
            Gpu = gpu,
            Gpus = gpus,
            Request = request,
            AverageContext = average,
            Headroom = headroom ?? 0.1,
            OverheadBytes = overhead ?? 1L << 30,
            Fragmentation = fragmentation ?? (request.IsPaged ? 0 : ContiguousFragmentation),
            StepTokens = step ?? 8192,
            Utilization = utilization ?? 0.5,
            Users = users,
            Prefix = prefix,
            Rule = rule,
        };
    }

    private RequestShape Request(ModelShape? model)
    {
        var context = reader.Tokens("--context", options.Context) ?? Math.Min(DefaultContext, model?.MaxContext ?? DefaultContext);
        var output = reader.Tokens("--output", options.Output) ?? 0;
        var samples = reader.Number("--samples", options.Samples, MaxSequences) ?? 1;
        var beams = reader.Number("--beams", options.Beams, MaxSequences) ?? 1;
        var block = reader.Number("--block-tokens", options.BlockTokens, MaxBlockTokens);
        if (output >= context) reader.Fault($"--output: {output} tokens leave nothing of a context of {context} for the prompt");
        if (samples > 1 && beams > 1) reader.Fault("--samples and --beams: a request has one or the other");
        if (Math.Max(samples, beams) > 1 && options.Output is null)
            reader.Fault($"{(samples > 1 ? "--samples" : "--beams")} needs --output: how many tokens of the context each of them "
                + "generates");
        if (options.IsContiguous && block is not null) reader.Fault("--block-tokens is of pages: not with --contiguous");
        return new RequestShape(context)
        {
            Output = output,
            Sequences = Math.Max(samples, beams),
            IsBeamSearch = beams > 1,
            BlockTokens = options.IsContiguous ? 0 : block ?? 16,
        };
    }

    private SharedPrefixShape? Prefix(RequestShape request)
    {
        var tokens = reader.Tokens("--prefix", options.Prefix);
        var count = reader.Number("--prefixes", options.Prefixes, MaxUsers);
        var rate = reader.Share("--hit-rate", options.HitRate, 1);
        if (options.Prefix is null)
        {
            if (options.Prefixes is not null || options.HitRate is not null) reader.Fault(
                "--hit-rate and --prefixes are of a --prefix: add its tokens");
            return null;
        }

        if (options.HitRate is null) reader.Fault("--prefix needs --hit-rate: the share of requests that find it, as in 80%");
        if (tokens >= request.Prompt && request.Prompt > 0)
            reader.Fault($"--prefix: {tokens} tokens are not less than the prompt, {request.Prompt} of a context of {request.Context}");
        return tokens is null || rate is null ? null : new SharedPrefixShape(tokens.Value, count ?? 1, rate.Value);
    }

    private int Average(RequestShape request, SharedPrefixShape? prefix)
    {
        var shared = prefix?.Tokens ?? 0;
        if (reader.Tokens("--average-context", options.AverageContext) is not { } given)
            return Math.Max(1, shared + ((request.Context - shared) / 2));
        if (given > request.Context) reader.Fault($"--average-context: {given} is more than --context, {request.Context}");
        if (given < shared) reader.Fault($"--average-context: {given} is less than --prefix, {shared}");
        return given;
    }

    private RuleOfThumb? Rule(int? users)
    {
        var each = reader.Amount("--per-user-gb", options.PerUserGigabytes, "GB");
        var buffer = reader.Amount("--buffer-gb", options.BufferGigabytes, "GB");
        if (options.PerUserGigabytes is null)
        {
            if (options.BufferGigabytes is not null) reader.Fault("--buffer-gb: add --per-user-gb, the other half of the rule of thumb");
            return null;
        }

        if (options.Users is null) reader.Fault("--per-user-gb needs --users: how many there are at a time");
        return each is null || users is null ? null : new RuleOfThumb(each.Value, buffer ?? 0, users.Value);
    }
}
