namespace PrefixCache.Core.Replay.Traces;

/// <summary>What a trace file looks like: JSONL, one request a line. docs/replay.md has an example of each.</summary>
public enum TraceFormat
{
    /// <summary>Mooncake's: `hash_ids`, one per block of the prompt; equal ids = equal prefix up to and including that block.</summary>
    Mooncake,

    /// <summary>Prompts as token ids: `tokens`.</summary>
    Tokens,

    /// <summary>What the node writes with its option `record`: keyed hashes of chunks.</summary>
    Record,
}
