namespace PrefixCache.Cli.Plan.Configs;

/// <summary>What a model_type has that its config.json does not say.</summary>
internal sealed record ModelFamily
{
    private static readonly ModelFamily Llama = new();

    public bool IsGated { get; init; } = true;

    public bool HasQkvBias { get; init; }

    /// <summary>attention_bias leaves the output alone.</summary>
    public bool BiasIsOfQkvAlone { get; init; }

    public bool HasOutputBias { get; init; }

    public bool HasMlpBias { get; init; }

    public bool HasHeadNorms { get; init; }

    public int NormsPerLayer { get; init; } = 2;

    public bool NormsHaveBias { get; init; }

    public bool IsTied { get; init; }

    /// <summary>Rows that a learned table of positions has beyond the longest context; null = there is no such table.</summary>
    public int? PositionOffset { get; init; }

    /// <summary>The feed-forward part is four times as wide where nothing is said.</summary>
    public bool WidensByFour { get; init; }

    /// <summary>sliding_window counts only where use_sliding_window is true.</summary>
    public bool SlidesOnRequest { get; init; }

    /// <summary>Of so many layers one sees the whole context, the others a window; 0 = all are alike.</summary>
    public int FullEvery { get; init; }

    public IReadOnlyList<string> Notes { get; init; } = [];

    public static ModelFamily Of(string? type) => type switch
    {
        "llama" or "mistral" or "mixtral" or "phi3" or "deepseek_v2" or "deepseek_v3" or "kimi_k2" => Llama,
        "mistral3" or "ministral" => Llama,
        "qwen2" or "qwen2_moe" or "qwen2_vl_text" or "qwen2_5_vl_text" =>
            new() { HasQkvBias = true, BiasIsOfQkvAlone = true, SlidesOnRequest = true },
        "qwen3" or "qwen3_moe" => new() { HasHeadNorms = true, SlidesOnRequest = true },
        "gemma" => new() { IsTied = true },
        "gemma2" => new() { IsTied = true, NormsPerLayer = 4, FullEvery = 2 },
        "gemma3_text" => new() { IsTied = true, NormsPerLayer = 4, HasHeadNorms = true, FullEvery = 6 },
        "opt" => Gpt(2),
        "gpt2" => Gpt(0) with { WidensByFour = true },
        null => Llama with { Notes = ["config.json has no model_type: weights are counted as of a Llama-like decoder."] },
        _ => Llama with
        {
            Notes = [$"model_type '{type}' is not known: weights are counted as of a Llama-like decoder; KV does not depend on it."],
        },
    };

    private static ModelFamily Gpt(int positionOffset) => new()
    {
        IsGated = false,
        HasQkvBias = true,
        HasOutputBias = true,
        HasMlpBias = true,
        NormsHaveBias = true,
        IsTied = true,
        PositionOffset = positionOffset,
    };
}
