using PrefixCache.Cli.Plan.Arithmetic;
using PrefixCache.Cli.Plan.Models;
using PrefixCache.Cli.Plan.Output;

namespace PrefixCache.Cli.Plan;

/// <summary>Reads the options, reckons, prints.</summary>
internal static class PlanProgram
{
    public static int Run(PlanOptions options)
    {
        var reader = new PlanOptionReader();
        if (options is { Json: true, Markdown: true }) reader.Fault("--json and --markdown: give one of them");
        if (options.Model is null == options.Parameters is null)
            reader.Fault("Name a model (--model NAME, or --model FILE of a config.json), or no more than its --parameters.");
        try
        {
            var report = options.Parameters is null ? OfModel(options, reader) : OfCount(options, reader);
            if (reader.Faults.Count > 0 || report is null) return Fail(reader.Faults);
            if (options.Json) Console.Out.Write(PlanJson.Write(report));
            else if (options.Markdown) Console.Out.Write(PlanMarkdown.Write(report));
            else PlanScreen.Show(report);
            return ExitCode.Success;
        }
        catch (OverflowException)
        {
            return Fail(["The figures are larger than any machine: one of the model's sizes, --context or --samples is wrong."]);
        }
    }

    private static PlanReport? OfModel(PlanOptions options, PlanOptionReader reader) =>
        new PlanSetupReader(options, reader).Read() is { } setup ? PlanReport.Of(new KvPlan(setup)) : null;

    private static PlanReport? OfCount(PlanOptions options, PlanOptionReader reader)
    {
        var known = new PlanOptions
        {
            Model = options.Model,
            Parameters = options.Parameters,
            Type = options.Type,
            Gpu = options.Gpu,
            Json = options.Json,
            Markdown = options.Markdown,
        };
        if (options != known) reader.Fault("--parameters goes with --dtype and --gpu alone: for more name a --model");
        var count = reader.Parameters("--parameters", options.Parameters);
        var type = reader.Type("--dtype", options.Type, WeightType.All) ?? WeightType.BFloat16;
        var gpu = reader.Gpu(options.Gpu, null);
        return count is null || reader.Faults.Count > 0 ? null : CountReport.Of(count.Value, type, gpu);
    }

    private static int Fail(IEnumerable<string> faults)
    {
        foreach (var fault in faults) Console.Error.WriteLine(fault);
        Console.Error.WriteLine("See 'prefixcache plan --help'.");
        return ExitCode.BadOptions;
    }
}
