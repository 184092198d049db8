namespace PrefixCache.Core.Tokens;

/// <summary>Arithmetic of chunk positions: position i covers the tokens from i × chunk_tokens on; the last may be shorter.</summary>
public static class ChunkPosition
{
    public static int Count(int totalTokens, int chunkTokens) => (totalTokens + chunkTokens - 1) / chunkTokens;

    public static int Tokens(int position, int totalTokens, int chunkTokens) =>
        Math.Min(chunkTokens, totalTokens - (position * chunkTokens));

    /// <summary>Handles are positions plus one, so that 0 names nothing. Opaque to clients.</summary>
    public static ulong Handle(int position) => (ulong)position + 1;

    /// <summary>False when no position of a sequence of that length has this handle.</summary>
    public static bool TryFromHandle(ulong handle, int totalTokens, int chunkTokens, out int position)
    {
        position = 0;
        if (handle == 0 || handle > (ulong)Count(totalTokens, chunkTokens)) return false;
        position = (int)(handle - 1);
        return true;
    }
}
