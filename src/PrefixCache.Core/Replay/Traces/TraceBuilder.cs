namespace PrefixCache.Core.Replay.Traces;

/// <summary>Collects a trace's requests; names of blocks and namespaces become dense numbers.</summary>
internal sealed class TraceBuilder
{
    private readonly Dictionary<(int Namespace, ulong Name), uint> _blocks = [];
    private readonly Dictionary<string, int> _namespaces = new(StringComparer.Ordinal);
    private readonly List<TraceRequest> _requests = [];
    private uint[] _units = new uint[1 << 16];
    private int _count;
    private long _promptTokens;

    public int Requests => _requests.Count;

    public long Dropped { get; set; }

    public int Skipped { get; set; }

    public long? RecordedHitTokens { get; set; }

    public int Namespace(string name)
    {
        if (!_namespaces.TryGetValue(name, out var number)) _namespaces[name] = number = _namespaces.Count;
        return number;
    }

    /// <summary>Adds a unit to the request that <see cref="Add"/> ends.</summary>
    public void Unit(uint unit)
    {
        if (_count == _units.Length)
        {
            if (_count >= Array.MaxLength) throw new TraceException("The trace has more than two billion tokens or blocks: use --limit.");
            Array.Resize(ref _units, (int)Math.Min(Array.MaxLength, _units.Length * 2L));
        }

        _units[_count++] = unit;
    }

    /// <summary>The number of a block by its name; names of two namespaces have nothing to do with each other.</summary>
    public uint Block(int ofNamespace, ulong name)
    {
        if (!_blocks.TryGetValue((ofNamespace, name), out var number)) _blocks[(ofNamespace, name)] = number = (uint)_blocks.Count;
        return number;
    }

    /// <summary>Where the next request's units begin.</summary>
    public int Mark() => _count;

    /// <summary>Takes units back that belong to no request.</summary>
    public void Rewind(int mark) => _count = mark;

    public void Add(in TraceRequest request, int start, int promptUnits)
    {
        _promptTokens += request.PromptTokens;
        _requests.Add(request with { Start = start, PromptUnits = promptUnits, Units = _count - start });
    }

    /// <param name="blockTokens">For all requests where it is found at the end only; 0 = each has its own.</param>
    public ReplayTrace Build(string file, TraceFormat format, int blockTokens)
    {
        TraceRequest[] requests = blockTokens == 0
            ? [.. _requests]
            : [.. _requests.Select(request => request with { BlockTokens = blockTokens })];
        var tokens = requests.Length == 0 || requests.Any(request => request.BlockTokens != requests[0].BlockTokens)
            ? 0
            : requests[0].BlockTokens;
        return new ReplayTrace(file, format, _units.AsSpan(0, _count).ToArray(), requests, Math.Max(1, _namespaces.Count))
        {
            PromptTokens = _promptTokens,
            BlockTokens = format == TraceFormat.Tokens ? 0 : tokens,
            Dropped = Dropped,
            Skipped = Skipped,
            RecordedHitTokens = RecordedHitTokens,
        };
    }
}
