using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Asks Redis for a prompt: the whole chain of chunks in one round trip, then, where it ends, for the chunk that shares most.</summary>
/// <remarks>Thread-safe, no state.</remarks>
internal sealed class RedisFinder(RedisChunks chunks, RedisOptions options, int minPartialTokens, Action<Task> background)
{
    /// <summary>Neighbours whose manifests are asked for: one of them may be gone.</summary>
    private const int MaxCandidates = 3;

    /// <summary>Chunks that one question asks for: more would hold all others up at the server, and there is no room to queue them.</summary>
    private const int MaxPositions = 1024;

    /// <summary>The keys of the chunks from a position on.</summary>
    public static ChunkChain Chain(KvLayout layout, TokenBuffer prompt, in ChunkKey parent, int first)
    {
        var lengths = new int[ChunkPosition.Count(prompt.Count, layout.ChunkTokens)];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = ChunkPosition.Tokens(i, prompt.Count, layout.ChunkTokens);
        var chain = new ChunkChain(prompt, layout.ChunkTokens, lengths);
        chain.ComputeKeys(parent, first);
        return chain;
    }

    /// <param name="layout">Of the namespace.</param>
    /// <param name="prompt">All of its tokens.</param>
    /// <param name="chain">From <see cref="Chain"/>.</param>
    /// <param name="first">Position to begin with.</param>
    /// <param name="parent">Key of the chunk before, or the root.</param>
    /// <param name="served">Leading tokens that the host tier has.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="RedisException">The server fails.</exception>
    public async Task<RedisFinding> FindAsync(
        KvLayout layout, TokenBuffer prompt, ChunkChain chain, int first, ChunkKey parent, int served)
    {
        var end = Math.Min(chain.Count, first + MaxPositions);
        var asked = new List<(RedisName Name, int Tokens)>(end - first);
        for (var position = first; position < end; position++)
            asked.Add((chunks.NameOf(chain.Key(position)), chain.Text(position).Count));
        var finding = new RedisFinding(prompt) { EndTokens = served };
        try
        {
            var manifests = await chunks.FindAsync(asked, layout.Shapes);
            var position = first;
            for (; position < end && manifests[position - first] is { } shards; position++)
            {
                var (name, tokens) = asked[position - first];
                finding.Chunks.Add(new FoundChunk(position, prompt, position * layout.ChunkTokens, tokens, chain.Key(position), name, shards));
            }

            if (position > first) finding.EndTokens = Math.Max(served, Math.Min(prompt.Count, position * layout.ChunkTokens));
            var before = position == first ? parent : chain.Key(position - 1);
            if (position < end && options.MatchSiblings)
                await FindSharingAsync(layout, prompt, position, before, finding);
            return finding;
        }
        catch
        {
            finding.Dispose();
            throw;
        }
    }

    /// <summary>Adds the chunk that shares most with the prompt's at a position that Redis has no chunk of the same tokens for.</summary>
    private async Task FindSharingAsync(KvLayout layout, TokenBuffer prompt, int position, ChunkKey parent, RedisFinding finding)
    {
        var start = position * layout.ChunkTokens;
        var count = Math.Min(layout.ChunkTokens, prompt.Count - start);
        var name = chunks.NameOf(parent);
        var members = await chunks.FindChildrenAsync(name, BigEndianTokens.Encode(prompt.Text(start, count).Tokens));
        var candidates = Candidates(layout, prompt, start, count, finding.EndTokens - start, members);
        foreach (var (tokens, _) in candidates) finding.Keep(tokens);
        if (candidates.Count == 0) return;
        var asked = new List<(RedisName Name, int Tokens)>(candidates.Count);
        var keys = new List<ChunkKey>(candidates.Count);
        foreach (var (tokens, _) in candidates)
        {
            keys.Add(ChunkKeys.Next(parent, tokens.Bytes));
            asked.Add((chunks.NameOf(keys[^1]), tokens.Count));
        }

        var manifests = await chunks.FindAsync(asked, layout.Shapes);
        for (var i = 0; i < candidates.Count; i++)
        {
            var (tokens, common) = candidates[i];
            if (manifests[i] is { } shards)
            {
                finding.Chunks.Add(new FoundChunk(position, tokens, 0, tokens.Count, keys[i], asked[i].Name, shards));
                finding.EndTokens = start + common;
                return;
            }

            background(chunks.RemoveChildAsync(name, BigEndianTokens.Encode(tokens.Text(0, tokens.Count).Tokens)));
        }
    }

    /// <summary>The best first. What serves a few tokens less and is shorter to load goes before.</summary>
    /// <param name="served">Tokens of the position that are there already; below 0 = none.</param>
    private List<(TokenBuffer Tokens, int Common)> Candidates(
        KvLayout layout, TokenBuffer prompt, int start, int count, int served, IReadOnlyList<byte[]> members)
    {
        var candidates = new List<(TokenBuffer Tokens, int Common)>();
        foreach (var member in members)
        {
            if (BigEndianTokens.TryDecode(member, layout.ChunkTokens) is not { } tokens) continue;
            var common = prompt.Text(start, count).CommonTokens(tokens.Text(0, tokens.Count));
            var isRun = (minPartialTokens > 0 && common >= minPartialTokens) || (common > 0 && common == tokens.Count);
            if (isRun && common > served) candidates.Add((tokens, common));
            else tokens.Dispose();
        }

        if (candidates.Count == 0) return candidates;
        var enough = candidates.Max(candidate => candidate.Common) - minPartialTokens;
        var sorted = candidates
            .OrderByDescending(candidate => candidate.Common > enough)
            .ThenBy(candidate => candidate.Common > enough ? candidate.Tokens.Count : -candidate.Common)
            .ToList();
        foreach (var (tokens, _) in sorted.Skip(MaxCandidates)) tokens.Dispose();
        return [.. sorted.Take(MaxCandidates)];
    }

    /// <summary>Redis takes what is asked for as used, and only that: the parts have to be named. Not before the lookup has its answer.</summary>
    public Task TouchAsync(IReadOnlyList<FoundChunk> found) => chunks.TouchAsync([.. found.Select(chunk => (chunk.Name, chunk.Shards))]);
}
