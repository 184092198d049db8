using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.Samples.Llama.CommandLine;

/// <summary>What one invocation is asked to do.</summary>
internal sealed record RunOptions
{
    public string? ModelFolder { get; init; }

    public ulong Seed { get; init; }

    public string? ConfigFile { get; init; }

    public string? Tokens { get; init; }

    public string? Prompt { get; init; }

    public string? LogitsFile { get; init; }

    public int Generate { get; init; }

    public int Threads { get; init; }

    public KvDtype KvDtype { get; init; }
}
