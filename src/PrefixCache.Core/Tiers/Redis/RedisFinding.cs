using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What Redis has of a prompt behind what the host tier has.</summary>
/// <remarks>Owns the references to the tokens that its chunks lie in.</remarks>
internal sealed class RedisFinding(TokenBuffer prompt) : IDisposable
{
    private readonly List<TokenBuffer> _tokens = [prompt.Retain()];
    private int _disposed;

    /// <summary>In rising position, without a gap.</summary>
    public List<FoundChunk> Chunks { get; } = [];

    /// <summary>Leading tokens of the prompt that are a hit when all of them are loaded.</summary>
    public int EndTokens { get; set; }

    /// <summary>Takes a reference over.</summary>
    public void Keep(TokenBuffer tokens) => _tokens.Add(tokens);

    /// <summary>Leaves out what lies behind some tokens.</summary>
    public void Cut(int endTokens, int chunkTokens)
    {
        if (endTokens >= EndTokens) return;
        Chunks.RemoveAll(chunk => chunk.Position * chunkTokens >= endTokens);
        if (Chunks.Count == 0) EndTokens = 0;
        else EndTokens = Math.Min(EndTokens, (Chunks[^1].Position + 1) * chunkTokens);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        foreach (var tokens in _tokens) tokens.Dispose();
    }
}
