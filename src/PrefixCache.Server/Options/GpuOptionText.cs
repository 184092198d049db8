using PrefixCache.Core.Tiers.Gpu;

namespace PrefixCache.Server.Options;

/// <summary>Reads the options of the gpu tier.</summary>
internal static class GpuOptionText
{
    private const string Prefix = "GPU-";

    public static (PrefixCacheNodeOptions Options, string? Fault) ApplyCapacity(string text, PrefixCacheNodeOptions options)
    {
        if (text is "off" or "0") return (options with { Gpu = options.Gpu with { Capacity = default } }, null);
        if (text.EndsWith('%'))
        {
            if (!OptionValue.TryNumber<double>(text[..^1].Trim(), out var percent)) return (options, $"'{text}' is no share: write 5%");
            return percent is > 0 and <= 100
                ? (options with { Gpu = options.Gpu with { Capacity = new GpuCapacity(0, percent / 100) } }, null)
                : (options, $"{text} is out of range: above 0% to 100%");
        }

        if (!OptionValue.TrySize(text, out var bytes)) return (options, $"'{text}' is neither off, a size nor a share: write 4GiB or 5%");
        if (bytes == 0) return (options, $"'{text}' is no size: a share has a percent sign, {text.Trim()} of a GPU would be 5% or the like");
        return bytes >= 1 << 20
            ? (options with { Gpu = options.Gpu with { Capacity = new GpuCapacity(bytes) } }, null)
            : (options, $"{text} is too small: at least 1MiB");
    }

    public static (PrefixCacheNodeOptions Options, string? Fault) ApplyDevices(string text, PrefixCacheNodeOptions options)
    {
        var devices = new List<Guid>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!part.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                || !Guid.TryParseExact(part[Prefix.Length..], "D", out var uuid))
                return (options, $"'{part}' is no UUID of a GPU: nvidia-smi -L writes them, GPU- and 36 characters");
            devices.Add(uuid);
        }

        return (options with { Gpu = options.Gpu with { Devices = devices } }, null);
    }
}
