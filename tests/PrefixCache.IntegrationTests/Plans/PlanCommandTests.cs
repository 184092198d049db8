using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PrefixCache.IntegrationTests.Docs;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Plans;

/// <summary>`prefixcache plan` through the real program, and docs/plan.md beside it.</summary>
public sealed partial class PlanCommandTests
{
    [Fact]
    public async Task Json_OfTheExample_HasTheFiguresByHand()
    {
        var plan = await JsonAsync("--model", "llama-3.1-8b", "--gpu", "a100-80gb", "--context", "8192");
        Assert.Equal(
            (16_060_522_496, 131_072, 1L << 30, 77_309_411_328, 55, 1), // PlanTests has the computation.
            (Whole(plan, "weights_bytes"), Whole(plan, "kv_bytes_per_token"), Whole(plan, "kv_bytes_per_request"),
                Whole(plan, "usable_bytes"),
                Whole(plan, "concurrent_requests"), Whole(plan, "gpus_needed")));
        Assert.Equal("2 (K, V) × 32 layers × 8 KV heads × 128 × 2 B",
            plan.GetProperty("formulas").GetProperty("kv_bytes_per_token").GetString());
    }

    [Fact]
    public async Task Json_EveryFigure_HasAFormula()
    {
        var plan = await JsonAsync("--model", "llama-2-13b", "--gpu", "a100-40gb", "--context", "2k", "--users", "10", "--per-user-gb",
            "1.6", "--buffer-gb", "9.2", "--prefix", "900", "--hit-rate", "80%", "--output", "100", "--beams", "4");
        var formulas = plan.GetProperty("formulas");
        Assert.All(plan.EnumerateObject().Where(figure => figure.Value.ValueKind is JsonValueKind.Number),
            figure => Assert.NotEmpty(formulas.GetProperty(figure.Name).GetString()!));
        Assert.Equal((51_200_000_000, 2L), (Whole(plan, "rule_of_thumb_bytes"), Whole(plan, "rule_of_thumb_gpus")));
        Assert.Contains(plan.GetProperty("notes").EnumerateArray(), note =>
            note.GetString()!.Contains("51.2 GB", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Table_ForPeople_HasValuesFormulasAndWhatNotesGetWrong()
    {
        var output = await OutputAsync("--model", "llama-3.1-8b", "--gpu", "a100-80gb", "--users", "40", "--per-user-gb", "1.2",
            "--buffer-gb", "5");
        foreach (var text in new[]
        {
            "KV of a token in bf16", "131,072 B (128 KiB)", "16 GB of weights + 1.2 GB × 40 users + 5 GB = 69 GB",
            "8,192 × 131,072 B = 1 GiB (1.07 GB); 512 MiB are 4,096 tokens", "GiB = 2^30 and GB = 10^9 bytes",
        })
            Assert.Contains(text, output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
        Assert.DoesNotContain(" \n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Markdown_OfAModelThatFitsOnNothing_SaysSo()
    {
        var output = await OutputAsync("--model", "opt-175b", "--gpu", "8GB", "--dtype", "f32", "--markdown");
        foreach (var text in new[]
        {
            "# opt-175b on 8GB\n", "| what | value | formula |", "| GPUs needed for one request at worst | none |",
            "- Not one request fits",
        })
            Assert.Contains(text, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_OfAFolder_IsRead()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("config.json", """
            {"model_type": "llama", "num_hidden_layers": 16, "hidden_size": 2048, "intermediate_size": 8192, "num_attention_heads": 32,
            "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "tie_word_embeddings": true, "torch_dtype": "bfloat16"}
            """);
        var plan = await JsonAsync("--model", Path.GetDirectoryName(file)!);
        Assert.Equal((1_235_814_400, 32_768), (Whole(plan, "parameters"), Whole(plan, "kv_bytes_per_token"))); // Llama 3.2 1B
    }

    [Fact]
    public async Task Parameters_Alone_AreWeights()
    {
        var plan = await JsonAsync("--parameters", "175B", "--dtype", "f16", "--gpu", "a100-80gb");
        Assert.Equal((350_000_000_000, 5L), (Whole(plan, "weights_bytes"), Whole(plan, "gpus_for_weights_alone")));
    }

    [Fact]
    public async Task Options_Faulty_AreNamedTogetherAndEndWithTwo()
    {
        var (code, output, errors) = await RunAsync("--model", "llama-9", "--gpu", "80", "--context", "1x", "--samples", "3", "--prefix",
            "100", "--headroom", "20", "--dtype", "ternary", "--json", "--markdown", "--per-user-gb", "1");
        Assert.Equal((2, ""), (code, output));
        foreach (var fault in new[]
        {
            "--model: 'llama-9' is no file, and none of llama-2-7b", "--gpu: '80' is none of a100-40gb",
            "80GB is 80 × 10^9 bytes, 80GiB 80 × 2^30",
            "--context: '1x' is no number of tokens", "--samples needs --output", "--prefix needs --hit-rate",
            "--headroom: '20' is no share up to 90%",
            "--dtype: 'ternary' is none of f32, bf16", "--json and --markdown: give one", "--per-user-gb needs --users",
            "See 'prefixcache plan --help'.",
        })
            Assert.Contains(fault, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_InThePageAndInTheHelp_AreTheSame()
    {
        var page = Repository.Read("docs/plan.md");
        var rows = Row().Matches(page).SelectMany(row => Option().Matches(row.Value)).Select(option => option.Value);
        var help = Option().Matches(await OutputAsync("--help")).Select(option => option.Value);
        Assert.Equal(help.Except(["--help"]).Distinct().Order(), rows.Distinct().Order());
    }

    private static async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        using var document = JsonDocument.Parse(await OutputAsync([.. arguments, "--json"]));
        return document.RootElement.Clone();
    }

    private static async Task<string> OutputAsync(params string[] arguments)
    {
        var (code, output, errors) = await RunAsync(arguments);
        Assert.True(code == 0 && errors.Length == 0, $"{code}: {errors}");
        return output;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var process = ChildProcess.Start("prefixcache.dll", ["plan", .. arguments]);
        var output = new StringBuilder();
        while (await process.ReadLineAsync() is { } line) output.Append(line).Append('\n');
        return (await process.WaitForExitAsync(), output.ToString(), process.Errors);
    }

    private static long Whole(JsonElement plan, string name) => plan.GetProperty(name).GetInt64();

    [GeneratedRegex(@"^\| `--.*$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"--[a-z][a-z-]+")]
    private static partial Regex Option();
}
