namespace PrefixCache.Client.Memory;

/// <summary>Some consecutive tokens of one segment where the caller's memory has them: at equal distances, each in equal parts.</summary>
/// <remarks>
/// Part p of token t lies at t × <see cref="TokenStride"/> + p × <see cref="PartStride"/>; a token's parts, in order, are its bytes in
/// the payload. Memory [token][bytes] has one part a token, at a stride of as many bytes; a head-major page [head][token][head bytes] has
/// a part for each head, a token stride of the head's bytes and a part stride of all the page's tokens of one head. Owns nothing: the
/// memory stays the caller's, and in its place as long as a transfer runs.
/// </remarks>
public readonly struct KvTile
{
    /// <param name="memory">Begins at the first token and reaches at least to the end of the last one.</param>
    /// <param name="tokens">Number of tokens, at least 1.</param>
    /// <param name="tokenStride">Bytes from a token to the next one.</param>
    /// <param name="partBytes">Bytes of a part.</param>
    /// <param name="parts">Parts of a token (heads), at least 1.</param>
    /// <param name="partStride">Bytes from a part to the token's next one; any number where a token is one part.</param>
    /// <exception cref="ArgumentException">The tile is empty, parts overlap, or it ends behind the memory.</exception>
    public KvTile(Memory<byte> memory, int tokens, int tokenStride, int partBytes, int parts = 1, int partStride = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parts);
        if (tokens > 1) ArgumentOutOfRangeException.ThrowIfLessThan(tokenStride, partBytes);
        if (parts > 1) ArgumentOutOfRangeException.ThrowIfLessThan(partStride, partBytes);
        // Parts behind one another are one part.
        if (parts == 1 || partStride == partBytes) (partBytes, parts, partStride) = (checked(partBytes * parts), 1, 0);
        var end = ((tokens - 1L) * tokenStride) + ((parts - 1L) * partStride) + partBytes;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, memory.Length, nameof(memory));
        (Memory, Tokens, TokenStride, PartBytes, Parts, PartStride) = (memory, tokens, tokenStride, partBytes, parts, partStride);
    }

    /// <summary>Begins at the first token.</summary>
    public Memory<byte> Memory { get; }

    /// <summary>Number of tokens; 0 only in a tile that nobody made.</summary>
    public int Tokens { get; }

    /// <summary>Bytes from a token to the next one.</summary>
    public int TokenStride { get; }

    /// <summary>Bytes of a part.</summary>
    public int PartBytes { get; }

    /// <summary>Parts of a token; 1 where its bytes lie behind one another.</summary>
    public int Parts { get; }

    /// <summary>Bytes from a part to the token's next one; 0 where there is one.</summary>
    public int PartStride { get; }

    /// <summary>Bytes of a token, without what lies between its parts.</summary>
    public int BytesPerToken => Parts * PartBytes;

    /// <summary>All bytes lie behind one another: they are the first Tokens × BytesPerToken of <see cref="Memory"/>.</summary>
    public bool IsContiguous => Parts == 1 && (Tokens == 1 || TokenStride == PartBytes);

    /// <summary>Memory [token][bytes per token] without gaps.</summary>
    /// <param name="memory">Whole tokens, at least one.</param>
    /// <param name="bytesPerToken">Bytes of a token in the segment.</param>
    /// <exception cref="ArgumentException">Not whole tokens.</exception>
    public static KvTile Contiguous(Memory<byte> memory, int bytesPerToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerToken);
        var (tokens, rest) = Math.DivRem(memory.Length, bytesPerToken);
        if (rest != 0)
            throw new ArgumentException(FormattableString.Invariant(
                $"{memory.Length} bytes are no whole tokens of {bytesPerToken} bytes: slice the memory to whole tokens."), nameof(memory));
        return new KvTile(memory, tokens, bytesPerToken, bytesPerToken);
    }
}
