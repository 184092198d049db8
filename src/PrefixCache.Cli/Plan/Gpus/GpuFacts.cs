namespace PrefixCache.Cli.Plan.Gpus;

/// <summary>A GPU's figures.</summary>
/// <param name="Name">As options name it.</param>
/// <param name="Bytes">What the driver reports as its memory.</param>
/// <param name="BytesPerSecond">Memory bandwidth; 0 = not known.</param>
/// <param name="FlopsPerSecond">Dense matrix products in bf16, f16 where it has no bf16, without sparsity; 0 = not known.</param>
/// <param name="Source">Where the figures are from.</param>
internal sealed record GpuFacts(string Name, long Bytes, double BytesPerSecond, double FlopsPerSecond, string Source);
