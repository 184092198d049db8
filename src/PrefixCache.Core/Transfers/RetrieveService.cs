using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Transfers;

/// <summary>Which chunks of a hit to send.</summary>
/// <param name="Handles">None = every chunk of the hit.</param>
/// <param name="FirstToken">Of the sequence.</param>
/// <param name="EndToken">Without this one; 0 = the hit's end.</param>
public readonly record struct RetrieveQuery(
    Session Session, ulong Reservation, int Shard, IReadOnlyList<ulong> Handles, int FirstToken, int EndToken);

/// <summary>Opens transfers out of the cache. Thread-safe.</summary>
public sealed class RetrieveService
{
    private readonly NodeState _state;

    internal RetrieveService(NodeState state) => _state = state;

    public Result<RetrieveTransfer> Open(in RetrieveQuery query)
    {
        lock (_state.Gate)
        {
            if (!_state.Reservations.Find(query.Session, query.Reservation).Succeeded(out var reservation, out var error)) return error;
            if ((ShardAccess.CheckLoad(reservation.Tree.Layout, query.Session, query.Shard)
                ?? CheckRange(query, reservation)) is { } fault) return fault;
            if (!Positions(query, reservation).Succeeded(out var positions, out error)) return error;
            var chunks = new List<ChunkRead>(positions.Count);
            foreach (var position in positions) AddSlice(chunks, query, reservation, position);
            foreach (var chunk in chunks) chunk.Node.Tree.Store.Lease(chunk.Node);
            var layout = reservation.Tree.Layout;
            return new RetrieveTransfer(_state, layout, layout.Shapes[query.Shard], chunks, reservation.Owner);
        }
    }

    private static CacheError? CheckRange(in RetrieveQuery query, Reservation reservation)
    {
        var total = reservation.Tokens.Count;
        return query.FirstToken >= 0 && query.FirstToken <= total && query.EndToken <= total
            && (query.EndToken == 0 || query.FirstToken <= query.EndToken)
            ? null
            : CacheError.InvalidArgument(
                $"Tokens {query.FirstToken} to {query.EndToken} are no range of the reservation's {total} tokens.");
    }

    private static Result<IReadOnlyList<int>> Positions(in RetrieveQuery query, Reservation reservation)
    {
        var chunkTokens = reservation.Tree.Layout.ChunkTokens;
        var hit = ChunkPosition.Count(reservation.HitTokens, chunkTokens);
        if (query.Handles.Count == 0) return Enumerable.Range(0, hit).ToList();
        var most = ChunkPosition.Count(reservation.Tokens.Count, chunkTokens);
        if (query.Handles.Count > most)
            return CacheError.InvalidArgument(
                $"{query.Handles.Count} handles came, but the reservation has {most} chunks: name each once.");
        var positions = new SortedSet<int>();
        foreach (var handle in query.Handles)
        {
            if (!ChunkPosition.TryFromHandle(handle, reservation.Tokens.Count, chunkTokens, out var position))
                return CacheError.InvalidArgument($"Handle {handle} is none of this reservation's: use those of the lookup's answer.");
            if (position >= hit)
                return CacheError.FailedPrecondition(
                    $"The chunk of handle {handle} is no hit of this reservation: compute it, or look up again.");
            positions.Add(position);
        }

        return positions.ToList();
    }

    private static void AddSlice(List<ChunkRead> chunks, in RetrieveQuery query, Reservation reservation, int position)
    {
        var start = position * reservation.Tree.Layout.ChunkTokens;
        var node = reservation.Path[position];
        var end = Math.Min(query.EndToken == 0 ? reservation.HitTokens : query.EndToken, reservation.HitTokens);
        var (first, last) = (Math.Max(query.FirstToken, start), Math.Min(end, start + node.TokenCount));
        if (last > first) chunks.Add(new ChunkRead(position, node.Shards[query.Shard]!, first - start, last - first) { Node = node });
    }
}
