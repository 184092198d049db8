using System.Runtime.CompilerServices;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Copying;

namespace PrefixCache.Client.Transfers;

/// <summary>Copies tokens of one segment between contiguous memory, [token][bytes per token], and the caller's tiles.</summary>
/// <remarks>
/// Bytes go past the caches where <see cref="PayloadCopy"/> can do that; who writes shared memory issues <see cref="PayloadCopy.Fence"/>
/// before the commit. A tile is pinned once; nothing is allocated. Thread-safe as far as the caller's memory is.
/// </remarks>
internal static unsafe class TileCopy
{
    /// <summary>Copies into the tiles.</summary>
    /// <param name="source">The tokens' bytes.</param>
    /// <param name="destination">The caller's memory.</param>
    /// <param name="tokens">Which tokens.</param>
    /// <exception cref="InvalidOperationException">The caller's memory gave a tile that is not what was asked for.</exception>
    public static void Load(byte* source, IKvMemory destination, in SegmentTokens tokens) =>
        Copy(source, destination, tokens, intoTiles: true, null);

    /// <summary>Copies into the tiles, and hashes what is copied.</summary>
    /// <returns>XXH3-64 of the tokens' bytes; the segment's checksum where they are all tokens of a chunk.</returns>
    /// <inheritdoc cref="Load"/>
    public static ulong LoadHashed(byte* source, IKvMemory destination, in SegmentTokens tokens)
    {
        var hash = new SegmentCopy(tokens.Bytes);
        Copy(source, destination, tokens, intoTiles: true, &hash);
        return hash.Finish();
    }

    /// <summary>Copies out of the tiles.</summary>
    /// <param name="source">The caller's memory.</param>
    /// <param name="destination">Room for the tokens' bytes.</param>
    /// <param name="tokens">Which tokens.</param>
    /// <exception cref="InvalidOperationException">The caller's memory gave a tile that is not what was asked for.</exception>
    public static void Store(IKvMemory source, byte* destination, in SegmentTokens tokens) =>
        Copy(destination, source, tokens, intoTiles: false, null);

    /// <summary>Copies out of the tiles, and hashes what is copied.</summary>
    /// <returns>XXH3-64 of the tokens' bytes; the segment's checksum where they are all tokens of a chunk.</returns>
    /// <inheritdoc cref="Store"/>
    public static ulong StoreHashed(IKvMemory source, byte* destination, in SegmentTokens tokens)
    {
        var hash = new SegmentCopy(tokens.Bytes);
        Copy(destination, source, tokens, intoTiles: false, &hash);
        return hash.Finish();
    }

    /// <summary>A tile of the caller's memory; what the caller answers never decides how much is read or written.</summary>
    /// <param name="skip">Tokens in front that are not wanted.</param>
    public static KvTile GetTile(IKvMemory memory, in SegmentTokens tokens, int skip = 0)
    {
        var tile = memory.GetTile(tokens.Segment, tokens.First + skip, tokens.Count - skip);
        if (tile.Tokens > 0 && tile.Tokens <= tokens.Count - skip && tile.BytesPerToken == tokens.BytesPerToken) return tile;
        throw WrongTile(tokens, skip, tile.Tokens, tile.BytesPerToken);
    }

    /// <summary>The caller's memory gave a tile that is not what was asked for.</summary>
    public static InvalidOperationException WrongTile(in SegmentTokens tokens, int skip, int given, int bytesPerToken) =>
        new(FormattableString.Invariant(
            $"GetTile({tokens.Segment}, {tokens.First + skip}, {tokens.Count - skip}) gave {given} tokens of {bytesPerToken} ")
            + FormattableString.Invariant($"bytes: give 1 to {tokens.Count - skip} tokens of {tokens.BytesPerToken} bytes, the layout's."));

    private static void Copy(byte* flat, IKvMemory memory, in SegmentTokens tokens, bool intoTiles, SegmentCopy* hash)
    {
        var tile = tokens.Count > 0 ? GetTile(memory, tokens) : default;
        for (var done = 0; done < tokens.Count;)
        {
            done += tile.Tokens;
            var next = done < tokens.Count ? GetTile(memory, tokens, done) : default;
            // Pages lie anywhere, where the processor does not guess them: asking for the next one gains a tenth.
            if (!intoTiles && next.Tokens > 0) Prefetch(next);
            CopyTile(flat, tile, intoTiles, hash);
            flat += (long)tile.Tokens * tokens.BytesPerToken;
            tile = next;
        }
    }

    private static void Prefetch(in KvTile tile)
    {
        fixed (byte* at = tile.Memory.Span) PayloadCopy.Prefetch(at, tile.PartStride, tile.Parts);
    }

    /// <summary>Optimized at the first call, as it calls for every token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyTile(byte* flat, in KvTile tile, bool intoTiles, SegmentCopy* hash)
    {
        fixed (byte* at = tile.Memory.Span)
        {
            if (tile.IsContiguous)
            {
                CopyRows(flat, 0, at, 0, tile.Tokens * tile.PartBytes, 1, intoTiles, hash);
            }
            else if (tile.Parts == 1)
            {
                CopyRows(flat, tile.PartBytes, at, tile.TokenStride, tile.PartBytes, tile.Tokens, intoTiles, hash);
            }
            else
            {
                for (var token = 0; token < tile.Tokens; token++)
                {
                    CopyRows(flat + ((nint)token * tile.BytesPerToken), tile.PartBytes, at + ((nint)token * tile.TokenStride),
                        tile.PartStride, tile.PartBytes, tile.Parts, intoTiles, hash);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRows(
        byte* flat, nint flatStride, byte* tile, nint tileStride, int rowBytes, int rows, bool intoTiles, SegmentCopy* hash)
    {
        var copy = intoTiles
            ? new CopyRows(flat, flatStride, tile, tileStride, rowBytes, rows)
            : new CopyRows(tile, tileStride, flat, flatStride, rowBytes, rows);
        if (hash == null) PayloadCopy.Copy(copy);
        else hash->Append(copy);
    }
}
