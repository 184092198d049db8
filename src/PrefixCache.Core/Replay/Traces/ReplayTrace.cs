namespace PrefixCache.Core.Replay.Traces;

/// <summary>A trace in memory: every request's units, one behind the other.</summary>
/// <remarks>
/// A unit is a token where the trace has tokens, else a block of the prompt, named by a dense number: equal numbers are equal prefixes up
/// to and including that block. Immutable, so threads may share it.
/// </remarks>
public sealed class ReplayTrace
{
    private readonly uint[] _units;
    private readonly TraceRequest[] _requests;

    internal ReplayTrace(string file, TraceFormat format, uint[] units, TraceRequest[] requests, int namespaces)
    {
        (File, Format, _units, _requests, Namespaces) = (file, format, units, requests, namespaces);
    }

    public string File { get; }

    public TraceFormat Format { get; }

    public int Requests => _requests.Length;

    /// <summary>Namespaces are numbered from 0 on; nothing is shared across two.</summary>
    public int Namespaces { get; }

    /// <summary>Units are tokens, not blocks.</summary>
    public bool HasTokens => Format == TraceFormat.Tokens;

    /// <summary>Tokens of all prompts.</summary>
    public long PromptTokens { get; internal init; }

    /// <summary>Tokens of a whole block; 0 where the units are tokens, or where namespaces differ.</summary>
    public int BlockTokens { get; internal init; }

    /// <summary>Lookups that the recording node dropped, by its own count.</summary>
    public long Dropped { get; internal init; }

    /// <summary>Tokens that the recording node's own lookups hit; null where the trace is no record.</summary>
    public long? RecordedHitTokens { get; internal init; }

    /// <summary>Lines that were left out: lookups repeated by their own request, and lines that a killed node left cut off.</summary>
    public int Skipped { get; internal init; }

    public ref readonly TraceRequest this[int request] => ref _requests[request];

    /// <summary>Units of the prompt; for tokens the generated ones are not among them.</summary>
    public ReadOnlySpan<uint> Prompt(int request) => _units.AsSpan(_requests[request].Start, _requests[request].PromptUnits);

    /// <summary>Units of the prompt and of what was generated after it, where the trace has that.</summary>
    public ReadOnlySpan<uint> Whole(int request) => _units.AsSpan(_requests[request].Start, _requests[request].Units);

    /// <summary>Of all requests, one behind the other.</summary>
    internal ReadOnlyMemory<uint> Units => _units;
}
