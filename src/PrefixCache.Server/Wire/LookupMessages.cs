using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Wire;

/// <summary>The lookup's answer as messages: an entry per chunk position.</summary>
internal static class LookupMessages
{
    public static LookupResponse ToMessage(this in LookupAnswer answer)
    {
        var response = new LookupResponse { Reservation = answer.Reservation, HitTokens = (uint)answer.HitTokens };
        var count = ChunkPosition.Count(answer.TotalTokens, answer.ChunkTokens);
        response.Chunks.Capacity = count;
        for (var position = 0; position < count; position++) response.Chunks.Add(ToChunk(answer, position));
        return response;
    }

    /// <param name="position">Tokens before the appended ones.</param>
    public static AppendResponse ToAppendMessage(this in LookupAnswer answer, int position)
    {
        var response = new AppendResponse { TotalTokens = (uint)answer.TotalTokens };
        for (var i = position / answer.ChunkTokens; i < ChunkPosition.Count(answer.TotalTokens, answer.ChunkTokens); i++)
            response.Chunks.Add(ToChunk(answer, i));
        return response;
    }

    private static Chunk ToChunk(in LookupAnswer answer, int position)
    {
        var tokens = ChunkPosition.Tokens(position, answer.TotalTokens, answer.ChunkTokens);
        var hit = Math.Clamp(answer.HitTokens - (position * answer.ChunkTokens), 0, tokens);
        return new Chunk
        {
            Handle = ChunkPosition.Handle(position),
            Tokens = (uint)tokens,
            HitTokens = (uint)hit,
            State = hit > 0 ? ChunkState.ChunkHit : ChunkState.ChunkMiss,
            Tier = hit > 0 ? Tier.Host : Tier.None,
        };
    }
}
