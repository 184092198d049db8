namespace PrefixCache.Core.Replay;

/// <summary>A well-known model and what its KV takes.</summary>
/// <param name="Name">As options name it.</param>
/// <param name="Layers">num_hidden_layers.</param>
/// <param name="ElementsPerLayer">Elements that one layer keeps of a token: 2 × num_key_value_heads × head_dim, or the latent's
/// width.</param>
/// <param name="Source">Where the figures are from.</param>
public sealed record NamedLayout(string Name, int Layers, int ElementsPerLayer, string Source)
{
    /// <summary>bf16 or f16.</summary>
    private const int ElementBytes = 2;

    /// <summary>Models whose every layer keeps the whole context, in 16-bit KV.</summary>
    public static IReadOnlyList<NamedLayout> All { get; } =
    [
        Heads("llama-3.1-8b", 32, 8, 128, "meta-llama/Llama-3.1-8B"),
        Heads("llama-3.1-70b", 80, 8, 128, "meta-llama/Llama-3.1-70B"),
        Heads("llama-3.1-405b", 126, 8, 128, "meta-llama/Llama-3.1-405B"),
        Heads("llama-3.2-1b", 16, 8, 64, "meta-llama/Llama-3.2-1B"),
        Heads("llama-3.2-3b", 28, 8, 128, "meta-llama/Llama-3.2-3B"),
        Heads("mistral-7b", 32, 8, 128, "mistralai/Mistral-7B-v0.3"),
        Heads("qwen2.5-7b", 28, 4, 128, "Qwen/Qwen2.5-7B"),
        Heads("qwen2.5-32b", 64, 8, 128, "Qwen/Qwen2.5-32B"),
        Heads("qwen2.5-72b", 80, 8, 128, "Qwen/Qwen2.5-72B"),
        Heads("qwen3-8b", 36, 8, 128, "Qwen/Qwen3-8B"),
        new("deepseek-v3", 61, 512 + 64, "deepseek-ai/DeepSeek-V3, config.json: latent of kv_lora_rank + qk_rope_head_dim"),
    ];

    public long BytesPerToken => (long)Layers * ElementsPerLayer * ElementBytes;

    public static NamedLayout? Find(string name) => All.FirstOrDefault(
        layout => string.Equals(layout.Name, name, StringComparison.OrdinalIgnoreCase));

    private static NamedLayout Heads(string name, int layers, int kvHeads, int headDimension, string model) => new(
        name, layers, 2 * kvHeads * headDimension, $"{model}, config.json: num_hidden_layers, num_key_value_heads, head_dim");
}
