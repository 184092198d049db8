using PrefixCache.Cli.Plan.Models;

namespace PrefixCache.Cli.Plan.Arithmetic;

/// <summary>One request, as the engine's KV memory sees it.</summary>
/// <param name="Context">Tokens of prompt and output together.</param>
internal sealed record RequestShape(int Context)
{
    /// <summary>Generated tokens of each sequence, part of <see cref="Context"/>; matters where there are several sequences.</summary>
    public int Output { get; init; }

    /// <summary>Parallel samples or beams.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>Beams may share what they generated; samples do not.</summary>
    public bool IsBeamSearch { get; init; }

    /// <summary>Tokens of a page of KV; 0 = each sequence has one contiguous piece, as long as the longest context.</summary>
    public int BlockTokens { get; init; } = 16;

    public bool IsPaged => BlockTokens > 0;

    public int Prompt => Context - Output;

    /// <summary>Tokens that KV is kept for at worst: sequences share the prompt's whole blocks, and none of what they generate.</summary>
    /// <remarks>A prompt that fills its last block takes less than a shorter one that lacks a token of it, which each sequence then
    /// completes in a copy. So the worst of all prompts up to this length counts: more context never takes less.</remarks>
    public long Tokens
    {
        get
        {
            if (!IsPaged) return (long)Sequences * Context;
            if (Sequences == 1) return Rounding.Up(Context, BlockTokens);
            var shared = Rounding.Down(Prompt, BlockTokens);
            return Math.Max(Behind(shared, Prompt), shared == 0 ? 0 : Behind(shared - BlockTokens, shared - 1));
        }
    }

    /// <summary>Tokens where beams have all but their last block in common; the truth lies between.</summary>
    public long TokensAtBest => IsPaged
        ? Rounding.Up(Context, BlockTokens) + ((Sequences - 1L) * BlockTokens) : Tokens;

    /// <summary>Tokens that a layer keeps which looks back so many.</summary>
    public long TokensWithin(int window)
    {
        var each = Math.Min(Context, window);
        return Math.Min(Tokens, (long)Sequences * (IsPaged ? Rounding.Up(each, BlockTokens) : each));
    }

    /// <summary>The shared part of a prompt, once, and for each sequence what is behind it.</summary>
    private long Behind(long shared, long prompt) => shared + (Sequences * Rounding.Up(prompt - shared + Output, BlockTokens));
}
