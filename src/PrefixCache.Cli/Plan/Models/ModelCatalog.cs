namespace PrefixCache.Cli.Plan.Models;

/// <summary>Models that need no config.json.</summary>
internal static class ModelCatalog
{
    private const string Llama2 = "Touvron et al. 2023, Llama 2; config.json of meta-llama/Llama-2-";
    private const string Llama31 = "Llama Team 2024, The Llama 3 Herd of Models, table 3; config.json of meta-llama/Llama-3.1-";

    public static IReadOnlyList<ModelShape> All { get; } =
    [
        Llama("llama-2-7b", Llama2 + "7b-hf", 32, 4096, 11008, 32, 32, 32000, 4096) with { WeightType = WeightType.Float16 },
        Llama("llama-2-13b", Llama2 + "13b-hf", 40, 5120, 13824, 40, 40, 32000, 4096) with
        {
            WeightType = WeightType.Float16,
            Notes =
            [
                "A published sum of 26 GB of weights, 16 GB of KV (10 × 2,000 tokens) and 9.2 GB beside has it come to 101.2 GB and "
                    + "three 40 GB GPUs. "
                + "26 + 16 + 9.2 = 51.2 GB: two 40 GB GPUs hold it.",
            ],
        },
        Llama("llama-2-70b", Llama2 + "70b-hf", 80, 8192, 28672, 64, 8, 32000, 4096) with { WeightType = WeightType.Float16 },
        Llama("llama-3.1-8b", Llama31 + "8B", 32, 4096, 14336, 32, 8, 128256, 131072) with
        {
            Notes =
            [
                "Published notes have 8,192 tokens take 512 MB. In 16 bits they take 8,192 × 131,072 B = 1 GiB (1.07 GB); 512 MiB are "
                    + "4,096 tokens.",
            ],
        },
        Llama("llama-3.1-70b", Llama31 + "70B", 80, 8192, 28672, 64, 8, 128256, 131072),
        Llama("llama-3.1-405b", Llama31 + "405B", 126, 16384, 53248, 128, 8, 128256, 131072),
        Llama("mistral-7b-v0.3", "config.json of mistralai/Mistral-7B-v0.3", 32, 4096, 14336, 32, 8, 32768, 32768),
        Llama("mixtral-8x7b", "Jiang et al. 2024, Mixtral of Experts, table 1; config.json of mistralai/Mixtral-8x7B-v0.1",
            32, 4096, 14336, 32, 8, 32000, 32768) with { Experts = new ExpertShape(Count: 8, PerToken: 2, Intermediate: 14336) },
        Llama("qwen2.5-7b", "config.json of Qwen/Qwen2.5-7B", 28, 3584, 18944, 28, 4, 152064, 131072) with { HasQkvBias = true },
        Llama("deepseek-v3", "DeepSeek-AI 2024, DeepSeek-V3, section 4.2; config.json of deepseek-ai/DeepSeek-V3",
            61, 7168, 18432, 128, 128, 129280, 163840) with
        {
            HeadDimension = 128,
            Latent = new LatentShape(QueryRank: 1536, KvRank: 512, NopeDimension: 128, RopeDimension: 64, ValueDimension: 128),
            Experts = new ExpertShape(Count: 256, PerToken: 8, Intermediate: 2048)
            {
                SharedIntermediate = 2048,
                DenseLayers = 3,
                HasRouterBias = true,
            },
            WeightType = WeightType.Float8,
            Notes = ["Without the module that predicts a second token, which the checkpoint also has."],
        },
        Gpt("gpt-3-175b", "Brown et al. 2020, Language Models are Few-Shot Learners, table 2.1", vocabulary: 50257, positions: 2048),
        Gpt("opt-175b", "Zhang et al. 2022, OPT: Open Pre-trained Transformer Language Models, table 1", vocabulary: 50272,
            positions: 2050),
    ];

    /// <summary>By name, whatever its case and hyphens, with or without the owner's name before it; null = not known.</summary>
    public static ModelShape? Find(string name)
    {
        var key = Key(name[(name.LastIndexOf('/') + 1)..]);
        key = key switch
        {
            "gpt3" => "gpt3175b",
            "mistral7b" => "mistral7bv03",
            "mixtral8x7bv01" => "mixtral8x7b",
            _ => key.EndsWith("hf", StringComparison.Ordinal) ? key[..^2] : key,
        };
        return All.FirstOrDefault(model => Key(model.Name) == key);
    }

    private static string Key(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    private static ModelShape Llama(
        string name, string source, int layers, int hidden, int intermediate, int heads, int kvHeads, int vocabulary, int context) => new()
        {
            Name = name,
            Source = source,
            Layers = layers,
            Hidden = hidden,
            Intermediate = intermediate,
            Heads = heads,
            KvHeads = kvHeads,
            HeadDimension = hidden / heads,
            Vocabulary = vocabulary,
            MaxContext = context,
        };

    /// <summary>The architecture that GPT-3 and OPT share: biases, LayerNorm, learned positions, tied embeddings.</summary>
    private static ModelShape Gpt(string name, string source, int vocabulary, int positions) =>
        Llama(name, source, 96, 12288, 4 * 12288, 96, 96, vocabulary, 2048) with
        {
            IsGated = false,
            HasQkvBias = true,
            HasOutputBias = true,
            HasMlpBias = true,
            NormsHaveBias = true,
            LearnedPositions = positions,
            IsTied = true,
            WeightType = WeightType.Float16,
            PublishedParameters = 175_000_000_000,
        };
}
