using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Devices;

namespace PrefixCache.Client.Devices;

/// <summary>Plans the copies of a segment's tokens between contiguous memory, [token][bytes per token], and the caller's tiles.</summary>
internal static class DeviceTileCopy
{
    /// <summary>Adds the copies of some tokens to a batch, as a line of it.</summary>
    /// <param name="kind">Between which memories.</param>
    /// <param name="flat">Where the tokens' bytes lie, or go.</param>
    /// <param name="memory">The caller's memory.</param>
    /// <param name="tokens">Which tokens.</param>
    /// <param name="intoTiles">From the contiguous memory to the caller's; else the other way.</param>
    /// <exception cref="InvalidOperationException">The caller's memory gave a tile that is not what was asked for.</exception>
    public static void Plan(
        DeviceCopyBatch batch, DeviceCopyKind kind, ulong flat, IDeviceKvMemory memory, in SegmentTokens tokens, bool intoTiles)
    {
        batch.NextLine();
        for (var done = 0; done < tokens.Count;)
        {
            var tile = GetTile(memory, tokens, done);
            PlanTile(batch, kind, flat, tile, intoTiles);
            flat += (ulong)tile.Tokens * (ulong)tokens.BytesPerToken;
            done += tile.Tokens;
        }
    }

    /// <summary>A tile of the caller's memory; what the caller answers never decides how much of the node's is read or written.</summary>
    private static DeviceTile GetTile(IDeviceKvMemory memory, in SegmentTokens tokens, int skip)
    {
        var tile = memory.GetTile(tokens.Segment, tokens.First + skip, tokens.Count - skip);
        if (tile.Tokens > 0 && tile.Tokens <= tokens.Count - skip && tile.BytesPerToken == tokens.BytesPerToken) return tile;
        throw TileCopy.WrongTile(tokens, skip, tile.Tokens, tile.BytesPerToken);
    }

    private static void PlanTile(DeviceCopyBatch batch, DeviceCopyKind kind, ulong flat, in DeviceTile tile, bool intoTiles)
    {
        var (allocation, at, bytes) = (tile.Memory.Allocation, tile.Memory.Address, tile.PartBytes);
        if (tile.IsContiguous)
        {
            Add(flat, 0, at, 0, (long)tile.Tokens * bytes, 1);
        }
        else if (tile.Parts <= tile.Tokens)
        {
            for (var part = 0; part < tile.Parts; part++)
            {
                Add(flat + ((ulong)part * (ulong)bytes), tile.BytesPerToken, at + (ulong)(part * tile.PartStride), tile.TokenStride,
                    bytes, tile.Tokens);
            }
        }
        else
        {
            for (var token = 0; token < tile.Tokens; token++)
            {
                Add(flat + ((ulong)token * (ulong)tile.BytesPerToken), bytes, at + (ulong)(token * tile.TokenStride), tile.PartStride,
                    bytes, tile.Parts);
            }
        }

        void Add(ulong flatAt, long flatPitch, ulong tileAt, long tilePitch, long rowBytes, int rows)
        {
            var (source, sourcePitch) = intoTiles ? (flatAt, flatPitch) : (tileAt, tilePitch);
            var (destination, destinationPitch) = intoTiles ? (tileAt, tilePitch) : (flatAt, flatPitch);
            var copy = new DeviceCopy(kind, source, destination, rowBytes);
            if (rows > 1) copy = copy with { Rows = rows, SourcePitch = sourcePitch, DestinationPitch = destinationPitch };
            batch.Add(copy, allocation);
        }
    }
}
