using System.Globalization;
using PrefixCache.Cli.Plan.Configs;
using PrefixCache.Cli.Plan.Gpus;
using PrefixCache.Cli.Plan.Models;
using PrefixCache.Server.Options;

namespace PrefixCache.Cli.Plan;

/// <summary>Reads the values of `prefixcache plan`'s options and collects every fault.</summary>
internal sealed class PlanOptionReader
{
    /// <summary>Longer than any model's context.</summary>
    public const int MaxTokens = 1 << 26;

    private readonly List<string> _faults = [];

    public IReadOnlyList<string> Faults => _faults;

    public void Fault(string text) => _faults.Add(text);

    /// <summary>A name of the list, a config.json, or the folder of one; null = a fault was noted.</summary>
    public ModelShape? Model(string text)
    {
        if (ModelCatalog.Find(text) is { } known && !File.Exists(text)) return known;
        if (!Path.Exists(text))
        {
            _faults.Add($"--model: '{text}' is no file, and none of {string.Join(", ", ModelCatalog.All.Select(model => model.Name))}: "
                + "name one of them or a config.json");
            return null;
        }

        try
        {
            return ModelConfig.Load(text);
        }
        catch (ModelConfigException exception)
        {
            _faults.Add($"--model: {exception.Message}");
            return null;
        }
    }

    /// <summary>A name of the list, or a size with its unit.</summary>
    public GpuFacts? Gpu(string? text, double? teraflops)
    {
        if (text is null)
        {
            if (teraflops is not null) _faults.Add("--tflops is of a GPU: add --gpu");
            return null;
        }

        if (GpuCatalog.Find(text) is { } known) return teraflops is { } given ? known with { FlopsPerSecond = given * 1e12 } : known;
        if (text.Length > 0 && char.IsAsciiLetter(text[^1]) && OptionValue.TrySize(text, out var bytes) && bytes > 0)
            return new GpuFacts(text, bytes, 0, (teraflops ?? 0) * 1e12, "--gpu, as given");
        _faults.Add($"--gpu: '{text}' is none of {string.Join(", ", GpuCatalog.All.Select(gpu => gpu.Name))}, "
            + "and no size with a unit: 80GB is 80 × 10^9 bytes, 80GiB 80 × 2^30");
        return null;
    }

    public WeightType? Type(string option, string? text, IReadOnlyList<WeightType> known)
    {
        if (text is null) return null;
        if (WeightType.Find(text) is { } type && known.Contains(type)) return type;
        _faults.Add($"{option}: '{text}' is none of {string.Join(", ", known.Select(one => one.Name))}");
        return null;
    }

    /// <summary>Tokens: 8192, 8,192 or 8k (of 1,024).</summary>
    public int? Tokens(string option, string? text)
    {
        if (text is null) return null;
        var isThousands = text.EndsWith('k') || text.EndsWith('K');
        if (OptionValue.TryNumber<int>(isThousands ? text[..^1] : text, out var number) && number >= 1
            && number <= MaxTokens / (isThousands ? 1024 : 1)) return isThousands ? number * 1024 : number;
        _faults.Add($"{option}: '{text}' is no number of tokens from 1 to {MaxTokens}: write 8192 or 8k");
        return null;
    }

    public int? Number(string option, string? text, int max)
    {
        if (text is null) return null;
        if (OptionValue.TryNumber<int>(text, out var number) && number >= 1 && number <= max) return number;
        _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{option}: '{text}' is no whole number from 1 to {max}"));
        return null;
    }

    /// <summary>A share: 20% or 0.2.</summary>
    /// <param name="max">The largest that is taken.</param>
    public double? Share(string option, string? text, double max, bool mayBeNone = true)
    {
        if (text is null) return null;
        var isPercent = text.EndsWith('%');
        if (double.TryParse(isPercent ? text[..^1].Trim() : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var number))
        {
            var share = isPercent ? number / 100 : number;
            if (share >= 0 && share <= max && (mayBeNone || share > 0)) return share;
        }

        _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{option}: '{text}' is no share up to {max * 100:0}%: write 20% or 0.2"));
        return null;
    }

    public decimal? Amount(string option, string? text, string unit)
    {
        if (text is null) return null;
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var number) && number is >= 0 and <= 1_000_000)
            return number;
        _faults.Add($"{option}: '{text}' is no number of {unit} from 0 to 1,000,000");
        return null;
    }

    public long? Size(string option, string? text)
    {
        if (text is null) return null;
        if (text.Length > 0 && (char.IsAsciiLetter(text[^1]) || text == "0") && OptionValue.TrySize(text,
            out var bytes) && bytes >= 0) return bytes;
        _faults.Add($"{option}: '{text}' is no size with a unit: write 1GiB or 500MB");
        return null;
    }

    /// <summary>A count of parameters: 345M, 13B, 1.8T or all digits.</summary>
    public long? Parameters(string option, string? text)
    {
        if (text is null) return null;
        var scale = text.Length == 0 ? 1 : char.ToUpperInvariant(text[^1]) switch { 'M' => 1e6m, 'B' => 1e9m, 'T' => 1e12m, _ => 1 };
        if (decimal.TryParse(scale == 1 ? text : text[..^1], NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands,
            CultureInfo.InvariantCulture,
            out var number) && number > 0 && number * scale is >= 1 and <= 1e16m) return (long)(number * scale);
        _faults.Add($"{option}: '{text}' is no number of parameters: write 345M, 13B or 1.8T");
        return null;
    }
}
