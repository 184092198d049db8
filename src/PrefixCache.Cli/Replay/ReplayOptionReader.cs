using System.Globalization;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Traces;
using PrefixCache.Core.Replay.Workloads;
using PrefixCache.Server.Options;

namespace PrefixCache.Cli.Replay;

/// <summary>Reads the values of `prefixcache replay`'s options and collects every fault.</summary>
internal sealed class ReplayOptionReader
{
    private const int MaxNodes = 1024;
    private const int MaxChunkTokens = 1 << 20;

    private readonly List<string> _faults = [];

    public IReadOnlyList<string> Faults => _faults;

    /// <summary>One of several words; null = not given.</summary>
    public T? Word<T>(string option, string? text, params (string Word, T Value)[] known)
        where T : struct
    {
        if (text is null) return null;
        foreach (var (word, value) in known)
            if (string.Equals(word.Replace('-', '_'), text.Replace('-', '_'), StringComparison.OrdinalIgnoreCase)) return value;
        _faults.Add($"{option}: '{text}' is none of {string.Join(", ", known.Select(pair => pair.Word))}");
        return null;
    }

    public TraceFormat? Format(string? text) => Word(
        "--format", text, ("mooncake", TraceFormat.Mooncake), ("tokens", TraceFormat.Tokens), ("record", TraceFormat.Record));

    public AdmissionMode Admission(string? text) => Word("--admission", text,
        ("always", AdmissionMode.Always), ("on_reuse", AdmissionMode.OnReuse), ("adaptive", AdmissionMode.Adaptive)) ?? default;

    public ReplayRouting Routing(string? text) => Word(
        "--routing", text, ("round-robin", ReplayRouting.RoundRobin), ("sticky", ReplayRouting.Sticky)) ?? default;

    public IReadOnlyList<ReplayMode> Modes(IEnumerable<string> texts)
    {
        List<ReplayMode> modes = [.. Items(texts).Select(text =>
            Word("--mode", text, ("all", ReplayMode.All), ("full", ReplayMode.Full)) ?? default).Distinct()];
        return modes.Count > 0 ? modes : [ReplayMode.All];
    }

    public IReadOnlyList<string> Policies(IEnumerable<string> texts, bool belady)
    {
        var names = Items(texts).Select(text => text.ToLowerInvariant()).Distinct().ToList();
        if (names.Count == 0) names.AddRange(ReplayPolicies.Default);
        if (belady && !names.Contains(ReplayPolicies.Belady)) names.Add(ReplayPolicies.Belady);
        foreach (var name in names.Where(name => !ReplayPolicies.Names.Contains(name)))
            _faults.Add($"--policy: '{name}' is none of {string.Join(", ", ReplayPolicies.Names)}");
        return names;
    }

    /// <summary>Bare numbers are chunks, numbers with a unit bytes.</summary>
    public IReadOnlyList<ReplayCapacity> Capacities(IEnumerable<string> texts, bool hasLayout)
    {
        var capacities = new List<ReplayCapacity>();
        foreach (var text in Items(texts))
        {
            if (string.Equals(text, "inf", StringComparison.OrdinalIgnoreCase)) capacities.Add(ReplayCapacity.Unlimited);
            else if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var blocks) && blocks is > 0 and < long.MaxValue)
                capacities.Add(ReplayCapacity.Blocks(blocks));
            else if (!char.IsAsciiLetter(text[^1]) || !OptionValue.TrySize(text, out var bytes) || bytes <= 0)
                _faults.Add($"--capacity: '{text}' is no capacity: write 10000 (chunks), 40GiB or 40GB (bytes), or inf");
            else if (!hasLayout)
                _faults.Add($"--capacity: {text} is in bytes, so --layout NAME or --bytes-per-token N is needed: what a token takes");
            else capacities.Add(ReplayCapacity.Bytes(bytes));
        }

        return [.. capacities.Distinct()];
    }

    /// <summary>0 = neither is given.</summary>
    public long BytesPerToken(string? layout, string? size)
    {
        if (layout is not null && size is not null) _faults.Add("--layout and --bytes-per-token both say what a token takes: give one");
        if (layout is not null)
        {
            if (NamedLayout.Find(layout) is { } named) return named.BytesPerToken;
            var names = string.Join(", ", NamedLayout.All.Select(known => known.Name));
            _faults.Add($"--layout: '{layout}' is none of {names}; for other models give --bytes-per-token");
            return 0;
        }

        if (size is null) return 0;
        if (OptionValue.TrySize(size, out var bytes) && bytes is > 0 and <= int.MaxValue / 2) return bytes;
        _faults.Add($"--bytes-per-token: '{size}' is no size of a token's KV: write 131072 or 128KiB");
        return 0;
    }

    public int ChunkTokens(string? text) => Number("--chunk-tokens", text, 1, MaxChunkTokens) ?? 0;

    public int Nodes(string? text) => Number("--nodes", text, 1, MaxNodes) ?? 1;

    public int Seed(string? text) => Number("--seed", text, 0, int.MaxValue) ?? 1;

    public int Limit(string? text) => Number("--limit", text, 1, int.MaxValue) ?? int.MaxValue;

    public string Trace(string path)
    {
        if (path.StartsWith(ReplayOptions.Generated, StringComparison.Ordinal))
        {
            if (!NamedWorkloads.All.ContainsKey(path[ReplayOptions.Generated.Length..]))
                _faults.Add($"{path}: there is no such workload: one of {string.Join(", ", NamedWorkloads.All.Keys)}");
        }
        else if (Directory.Exists(path)) _faults.Add($"{path} is a folder: name a trace file");
        else if (!File.Exists(path)) _faults.Add($"{path}: there is no such file");
        return path;
    }

    /// <summary>Where an output goes; null = it is not wanted.</summary>
    public string? Output(string option, string? path, bool mayBePiped = true)
    {
        if (path is null) return null;
        if (path == ReplayOptions.StandardOutput)
        {
            if (!mayBePiped) _faults.Add($"{option}: '-' is no file: name one");
        }
        else if (path.Length == 0 || Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            _faults.Add($"{option}: the folder of '{path}' does not exist: make it, or choose another path");
        }

        return path;
    }

    /// <summary>Checks what no single option can.</summary>
    public ReplayOptions Checked(ReplayOptions options)
    {
        if (options is { Json: ReplayOptions.StandardOutput, Csv: ReplayOptions.StandardOutput })
            _faults.Add("--json and --csv both go to standard output: give one of them a file");
        return options;
    }

    /// <summary>Null when the trace has chunks of that size: whole steps of a node's, or whole blocks of the trace.</summary>
    public static string? CheckChunkTokens(ReplayOptions options, ReplayWorkload workload)
    {
        if (workload.Trace.HasTokens && options.ChunkTokens % SizeClass.StepTokens != 0)
            return $"--chunk-tokens: {options.ChunkTokens} is no multiple of {SizeClass.StepTokens}";
        try
        {
            workload.Chunks(ReplayReport.Setup(options, options.Modes[0]));
            return null;
        }
        catch (TraceException exception)
        {
            return $"--chunk-tokens: {exception.Message}";
        }
    }

    private static IEnumerable<string> Items(IEnumerable<string> texts) => texts.SelectMany(
        text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private int? Number(string option, string? text, int min, int max)
    {
        if (text is null) return null;
        if (OptionValue.TryNumber<int>(text, out var number) && number >= min && number <= max) return number;
        _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{option}: '{text}' is no whole number from {min} to {max}"));
        return null;
    }
}
