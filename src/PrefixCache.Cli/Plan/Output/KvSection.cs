using PrefixCache.Cli.Plan.Arithmetic;
using static PrefixCache.Cli.Plan.Output.PlanText;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>What KV takes: of a token, of contexts, of a request.</summary>
internal static class KvSection
{
    private static readonly int[] Contexts = [1024, 4096, 8192, 16384, 32768, 65536, 131072];

    public static PlanSection Of(KvPlan plan)
    {
        var (setup, kv) = (plan.Setup, plan.Kv);
        var request = setup.Request;
        List<PlanLine> lines = [new("kv_bytes_per_token", $"KV of a token in {setup.KvType.Name}", kv.TokenBytes, PlanUnit.Bytes,
            TokenFormula(setup))];
        foreach (var context in Contexts.Where(context => context <= (setup.Model.MaxContext ?? int.MaxValue)))
            lines.Add(new($"kv_bytes_by_context/{context}", $"  of {Number(context)} tokens", kv.ContextBytes(context), PlanUnit.Bytes,
                ContextFormula(setup, Number(context))));
        lines.Add(new("kv_bytes_per_request", $"KV of a request of {Number(request.Context)} tokens, at worst",
            kv.RequestBytes(request), PlanUnit.Bytes, RequestFormula(setup, request)));
        if (request.IsPaged && setup.AverageContext != request.Context)
            lines.Add(new("kv_bytes_per_request_average", $"KV of the average request, {Number(setup.AverageContext)} tokens",
                kv.RequestBytes(setup.AverageRequest), PlanUnit.Bytes, RequestFormula(setup, setup.AverageRequest)));
        if (request is { IsPaged: true, IsBeamSearch: true } && setup.Model.SlidingLayers == 0)
            lines.Add(new("kv_bytes_per_request_best", "  where beams differ in their last block alone",
                kv.ContextBytes(request.TokensAtBest), PlanUnit.Bytes,
                $"({Number(request.Context)} in whole blocks + {request.Sequences - 1} × {request.BlockTokens}) × KV of a token; "
                    + "requests are counted at worst"));
        return new PlanSection("KV", lines);
    }

    private static string TokenFormula(PlanSetup setup)
    {
        var (model, bytes) = (setup.Model, setup.KvType.ElementBytes);
        return model.Latent is { } latent
            ? $"{model.Layers} layers × (latent {latent.KvRank} + rotary key {latent.RopeDimension}) × {bytes} B; K and V of "
                + $"{model.Heads} heads are made from it"
            : $"2 (K, V) × {model.Layers} layers × {model.KvHeads} KV heads × {model.HeadDimension} × {bytes} B";
    }

    private static string ContextFormula(PlanSetup setup, string tokens) => setup.Model.SlidingLayers == 0
        ? $"{tokens} × KV of a token"
        : $"({setup.Model.FullLayers} layers × {tokens} + {setup.Model.SlidingLayers} × at most {Number(setup.Model.Window)}) × KV of a "
            + "token and layer";

    private static string RequestFormula(PlanSetup setup, RequestShape request)
    {
        if (!request.IsPaged)
            return $"{(request.Sequences == 1 ? "" : $"{request.Sequences} sequences × ")}{Number(request.Context)} × KV of a token, "
                + "taken at once and not shared";
        if (request.Sequences == 1)
            return ContextFormula(setup, request.Tokens == request.Context
                ? Number(request.Context) : $"{Number(request.Tokens)} (whole blocks of {request.BlockTokens})");
        return $"(prompt of {Number(request.Prompt)} in whole blocks, once, + {request.Sequences} × {Number(request.Output)} generated, "
            + $"in blocks of {request.BlockTokens}, cut where it is worst) = {Number(request.Tokens)} × KV of a token";
    }
}
