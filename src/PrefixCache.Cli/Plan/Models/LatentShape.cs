namespace PrefixCache.Cli.Plan.Models;

/// <summary>Multi-head latent attention: a token keeps one latent and one rotary key that all heads share.</summary>
/// <param name="QueryRank">q_lora_rank; null = queries are not compressed.</param>
/// <param name="KvRank">kv_lora_rank, the latent's width.</param>
/// <param name="NopeDimension">qk_nope_head_dim.</param>
/// <param name="RopeDimension">qk_rope_head_dim.</param>
/// <param name="ValueDimension">v_head_dim.</param>
internal sealed record LatentShape(int? QueryRank, int KvRank, int NopeDimension, int RopeDimension, int ValueDimension);
