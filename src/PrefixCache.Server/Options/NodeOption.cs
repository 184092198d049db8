using System.Globalization;

namespace PrefixCache.Server.Options;

/// <summary>One option of the node, by the name that it has on the command line, in the environment and in the file.</summary>
public sealed class NodeOption
{
    private NodeOption(string name, string unit, string effect, string value, ApplyValue apply) =>
        (Name, Unit, Effect, Default, Apply) = (name, unit, effect, value, apply);

    internal delegate (PrefixCacheNodeOptions Options, string? Fault) ApplyValue(string text, PrefixCacheNodeOptions options);

    /// <summary>`max-tokens`: --max-tokens, PREFIXCACHE_MAX_TOKENS, "max-tokens" in JSON.</summary>
    public string Name { get; }

    /// <summary>What a value looks like.</summary>
    public string Unit { get; }

    /// <summary>What it does, in one sentence.</summary>
    public string Effect { get; }

    /// <summary>The default as text.</summary>
    public string Default { get; }

    /// <summary>Puts a value into the options, or answers with the fault.</summary>
    internal ApplyValue Apply { get; }

    internal static NodeOption Text(string name, string unit, string effect, string value,
        Func<PrefixCacheNodeOptions, string, PrefixCacheNodeOptions> set) =>
        new(name, unit, effect, value, (text, options) => (set(options, text), null));

    /// <summary>For values that have a form of their own.</summary>
    internal static NodeOption Parsed(string name, string unit, string effect, string value, ApplyValue apply) =>
        new(name, unit, effect, value, apply);

    internal static NodeOption Size(
        string name, string effect, long value, long min, Func<PrefixCacheNodeOptions, long, PrefixCacheNodeOptions> set) =>
        new(name, "size (4GiB, 512MiB)", effect, OptionValue.FormatSize(value),
            (text, options) => !OptionValue.TrySize(text, out var bytes) ? (options, $"'{text}' is no size: write 512MiB or 4GiB")
                : bytes < min ? (options, $"{text} is too small: at least {OptionValue.FormatSize(min)}")
                : (set(options, bytes), null));

    internal static NodeOption Time(
        string name, string effect, TimeSpan value, Func<PrefixCacheNodeOptions, TimeSpan, PrefixCacheNodeOptions> set) =>
        new(name, "time (100ms, 30s, 1h)", effect, OptionValue.FormatTime(value),
            (text, options) => !OptionValue.TryTime(text, out var time) ? (options, $"'{text}' is no time: write 100ms, 30s, 5m or 1h")
                : time <= TimeSpan.Zero ? (options, $"{text} is not above zero")
                : (set(options, time), null));

    internal static NodeOption Number(string name, string unit, string effect, long value, long min, long max,
        Func<PrefixCacheNodeOptions, long, PrefixCacheNodeOptions> set) =>
        new(name, unit, effect, value.ToString(CultureInfo.InvariantCulture),
            (text, options) => !OptionValue.TryNumber<long>(text, out var number) ? (options, $"'{text}' is no whole number")
                : number < min || number > max
                    ? (options, string.Create(CultureInfo.InvariantCulture, $"{number} is out of range: {min} to {max}"))
                : (set(options, number), null));

    internal static NodeOption Share(
        string name, string effect, double value, Func<PrefixCacheNodeOptions, double, PrefixCacheNodeOptions> set) =>
        new(name, "share (0.01 to 1)", effect, value.ToString("0.00", CultureInfo.InvariantCulture),
            (text, options) => !OptionValue.TryNumber<double>(text, out var share) ? (options, $"'{text}' is no number")
                : share is not (>= 0.01 and <= 1) ? (options, $"{text} is out of range: 0.01 to 1")
                : (set(options, share), null));

    internal static NodeOption Switch(
        string name, string effect, bool value, Func<PrefixCacheNodeOptions, bool, PrefixCacheNodeOptions> set) =>
        new(name, "true or false", effect, value ? "true" : "false",
            (text, options) =>
                bool.TryParse(text, out var on) ? (set(options, on), null) : (options, $"'{text}' is neither true nor false"));
}
