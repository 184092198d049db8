namespace PrefixCache.Samples.Llama.Weights;

/// <summary>Where one tensor lies in a safetensors file.</summary>
/// <param name="Dtype">As the file spells it: F32, F16, BF16, …</param>
/// <param name="Shape">Row-major dimensions.</param>
/// <param name="Offset">From the start of the file, in bytes.</param>
/// <param name="Length">In bytes.</param>
internal sealed record SafetensorsTensor(string Dtype, IReadOnlyList<long> Shape, long Offset, long Length);
