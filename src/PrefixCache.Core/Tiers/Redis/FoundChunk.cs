using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>A chunk that Redis has and that the host tier lacks.</summary>
/// <param name="Position">In the prompt.</param>
/// <param name="Tokens">In which its own lie; the list that it is in keeps a reference.</param>
/// <param name="FirstToken">Its first one, in <paramref name="Tokens"/>.</param>
/// <param name="Count">Its tokens.</param>
/// <param name="Shards">A manifest for each.</param>
internal sealed record FoundChunk(
    int Position, TokenBuffer Tokens, int FirstToken, int Count, ChunkKey Key, RedisName Name, ChunkManifest[] Shards)
{
    public ChunkText Text => Tokens.Text(FirstToken, Count);
}
