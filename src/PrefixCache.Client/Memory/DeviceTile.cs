namespace PrefixCache.Client.Memory;

/// <summary>Some consecutive tokens of one segment where the caller's memory on a device has them: as <see cref="KvTile"/>.</summary>
/// <remarks>
/// Part p of token t lies at t × <see cref="TokenStride"/> + p × <see cref="PartStride"/>; a token's parts, in order, are its bytes in the
/// payload. Each run of parts at one distance is one copy of the device, so head-major pages take one for each head. Owns nothing.
/// </remarks>
public readonly struct DeviceTile
{
    /// <param name="memory">Begins at the first token and reaches at least to the end of the last one.</param>
    /// <param name="tokens">Number of tokens, at least 1.</param>
    /// <param name="tokenStride">Bytes from a token to the next one.</param>
    /// <param name="partBytes">Bytes of a part.</param>
    /// <param name="parts">Parts of a token (heads), at least 1.</param>
    /// <param name="partStride">Bytes from a part to the token's next one; any number where a token is one part.</param>
    /// <exception cref="ArgumentException">The tile is empty, parts overlap, or it ends behind the memory.</exception>
    public DeviceTile(DeviceRange memory, int tokens, long tokenStride, int partBytes, int parts = 1, long partStride = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parts);
        if (tokens > 1) ArgumentOutOfRangeException.ThrowIfLessThan(tokenStride, partBytes);
        if (parts > 1) ArgumentOutOfRangeException.ThrowIfLessThan(partStride, partBytes);
        // Parts behind one another are one part.
        if (parts == 1 || partStride == partBytes) (partBytes, parts, partStride) = (checked(partBytes * parts), 1, 0);
        var end = parts == 1 && tokenStride == partBytes
            ? (long)tokens * partBytes
            : ((Int128)(tokens - 1) * tokenStride) + ((Int128)(parts - 1) * partStride) + partBytes;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, memory.Bytes, nameof(memory));
        (Memory, Tokens, TokenStride, PartBytes, Parts, PartStride) = (memory, tokens, tokenStride, partBytes, parts, partStride);
    }

    /// <summary>Begins at the first token.</summary>
    public DeviceRange Memory { get; }

    /// <summary>Number of tokens; 0 only in a tile that nobody made.</summary>
    public int Tokens { get; }

    /// <summary>Bytes from a token to the next one.</summary>
    public long TokenStride { get; }

    /// <summary>Bytes of a part.</summary>
    public int PartBytes { get; }

    /// <summary>Parts of a token; 1 where its bytes lie behind one another.</summary>
    public int Parts { get; }

    /// <summary>Bytes from a part to the token's next one; 0 where there is one.</summary>
    public long PartStride { get; }

    /// <summary>Bytes of a token, without what lies between its parts.</summary>
    public int BytesPerToken => Parts * PartBytes;

    /// <summary>All bytes lie behind one another.</summary>
    public bool IsContiguous => Parts == 1 && (Tokens == 1 || TokenStride == PartBytes);
}
