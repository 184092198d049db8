namespace PrefixCache.Cli.Plan.Gpus;

/// <summary>GPUs that are known by name.</summary>
/// <remarks>Memory is the total that `nvidia-smi` and `rocminfo` report, with ECC where it is on by default: an A100 80GB has 80 GiB, an
/// H100 80GB a little less, and an L4 of «24 GB» has 22.5 GiB.</remarks>
internal static class GpuCatalog
{
    public static IReadOnlyList<GpuFacts> All { get; } =
    [
        Nvidia("a100-40gb", 40960, 1.555, 312, "A100 datasheet"),
        Nvidia("a100-80gb", 81920, 2.039, 312, "A100 datasheet, SXM"),
        Nvidia("h100-80gb-sxm", 81559, 3.35, 989, "H100 datasheet, SXM, half of the figure with sparsity"),
        Nvidia("h100-80gb-pcie", 81559, 2.0, 756, "H100 datasheet, PCIe, half of the figure with sparsity"),
        Nvidia("h200", 143771, 4.8, 989, "H200 datasheet, half of the figure with sparsity"),
        Nvidia("b200", 183359, 7.67, 2250, "HGX B200 datasheet, half of the figure with sparsity"),
        Nvidia("l4", 23034, 0.3, 121, "L4 datasheet, half of the figure with sparsity"),
        Nvidia("l40s", 46068, 0.864, 362, "L40S datasheet"),
        Nvidia("a10g", 23028, 0.6, 70, "A10G datasheet"),
        Nvidia("rtx-4090", 24564, 1.008, 165, "Ada architecture whitepaper, with accumulation in f32"),
        Nvidia("rtx-3090", 24576, 0.936, 71, "Ampere GA102 whitepaper, with accumulation in f32"),
        Nvidia("t4", 15360, 0.3, 65, "T4 datasheet, f16: it has no bf16"),
        new("mi300x", 196592L << 20, 5.3e12, 1307e12, "MI300X datasheet; memory as rocminfo reports it"),
    ];

    /// <summary>By name, whatever its case and hyphens; null = not known.</summary>
    public static GpuFacts? Find(string name)
    {
        var key = Key(name);
        key = key switch
        {
            "h100" or "h10080gb" or "h100sxm" => "h10080gbsxm",
            "h100pcie" => "h10080gbpcie",
            "4090" => "rtx4090",
            "3090" => "rtx3090",
            _ => key,
        };
        return All.FirstOrDefault(gpu => Key(gpu.Name) == key);
    }

    private static string Key(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    private static GpuFacts Nvidia(string name, long mebibytes, double terabytesPerSecond, double teraflops, string source) =>
        new(name, mebibytes << 20, terabytesPerSecond * 1e12, teraflops * 1e12, source + "; memory as nvidia-smi reports it");
}
