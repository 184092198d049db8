using PrefixCache.Core.Blocks;
using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>What a lookup granted to (instance, request id): the request's tokens, and leases on the chunks of its hit.</summary>
/// <remarks>Protected by the node's lock. Owns one reference to its tokens.</remarks>
internal sealed class Reservation
{
    private const int ToldNothing = -1;

    private readonly HashSet<int> _loadedRanks = [];
    private readonly HashSet<int> _doneRanks = [];

    /// <summary>The round of leases that each rank's session was told of since it last reported; the owner's has a field of its
    /// own.</summary>
    private Dictionary<Session, int>? _ranksTold;

    private int _ownerTold = ToldNothing;

    /// <summary>Grows each time that leases end: whoever copies under an older one may have copied anything.</summary>
    private int _round;

    /// <summary>The round of the last lookup's answer.</summary>
    private int _answered;

    public Reservation(ulong id, Session owner, string requestId, NamespaceTree tree, TokenBuffer tokens)
    {
        Id = id;
        Owner = owner;
        RequestId = requestId;
        Tree = tree;
        Tokens = tokens;
    }

    public ulong Id { get; }

    /// <summary>The scheduler's session; the reservation ends with it.</summary>
    public Session Owner { get; }

    public Instance Instance => Owner.Instance;

    public string RequestId { get; }

    /// <summary>Replaced when the namespace was cleared and the request looked up again.</summary>
    public NamespaceTree Tree { get; set; }

    public TokenBuffer Tokens { get; set; }

    /// <summary>The hit's chunks, from position 0 on, each leased once. The last may serve with its first tokens alone.</summary>
    public List<ChunkNode> Path { get; } = [];

    /// <summary>Tokens that the last chunk of <see cref="Path"/> serves, where they are no whole chunk position; else 0.</summary>
    public int TailTokens { get; set; }

    /// <summary>Leading tokens of which KV may be kept.</summary>
    public int StoreLimit { get; set; } = int.MaxValue;

    /// <summary>Tokens of the hit that the last lookup answered, aligned.</summary>
    public int HitTokens { get; set; }

    /// <summary>Tokens of the hit that the last lookup answered, also after its leases have ended.</summary>
    public int AnsweredTokens { get; set; }

    /// <summary>Tokens that the last lookup named.</summary>
    public int AskedTokens { get; set; }

    /// <summary>The last lookup's, 1 or more.</summary>
    public int AlignTokens { get; set; } = 1;

    /// <summary>Lookups that were answered with it.</summary>
    public int Lookups { get; set; }

    /// <summary>Lookups that wait and were not answered yet.</summary>
    public int WaitingLookups { get; set; }

    /// <summary>The eviction policy was told of it.</summary>
    public bool IsUsed { get; set; }

    /// <summary>What its request computes.</summary>
    public Claim? Claim { get; set; }

    /// <summary>The claim of another request that it was told to wait for.</summary>
    public Claim? WaitsFor { get; set; }

    /// <summary>It was told to wait once.</summary>
    public bool HasWaited { get; set; }

    /// <summary>Pulsed when a lookup may answer something else than before: what it waits for came or comes no more.</summary>
    public AsyncSignal Changed { get; } = new();

    /// <summary>What Redis was asked for it; null = nothing yet, or not since something has changed there.</summary>
    public RedisSearch? Search { get; set; }

    /// <summary>What devices give back for it; null = nothing did.</summary>
    public GpuReturn? Return { get; set; }

    /// <summary>What it keeps in place on devices; null = nothing.</summary>
    public List<GpuHold>? GpuHolds { get; set; }

    /// <summary>Its last lookup wants nothing from Redis.</summary>
    public bool LeavesRedisAlone { get; set; }

    /// <summary>Time stamp of the last use, for the leak guard.</summary>
    public long LastUsed { get; set; }

    /// <summary>Whole chunks of <see cref="Path"/>.</summary>
    public int WholeChunks => TailTokens > 0 ? Path.Count - 1 : Path.Count;

    public int PathTokens => (WholeChunks * Tree.Layout.ChunkTokens) + TailTokens;

    /// <summary>Some or all leases have ended.</summary>
    public void LeasesEnded() => _round++;

    /// <summary>A lookup is answered. A session that copies already goes on under the round that it began with.</summary>
    public void Answered(Session session)
    {
        _answered = _round;
        Located(session);
    }

    /// <summary>A session was told where a shard lies.</summary>
    public void Located(Session session)
    {
        if (session != Owner) (_ranksTold ??= []).TryAdd(session, _round);
        else if (_ownerTold == ToldNothing) _ownerTold = _round;
    }

    /// <summary>
    /// The leases held without a gap since the session was told of the hit, or since the last lookup where it streams. One that holds the
    /// arena and was told of nothing may copy by what an earlier session of its process was told: that never held.
    /// </summary>
    public bool HeldFor(Session session)
    {
        var told = ToldNothing;
        if (session == Owner) (told, _ownerTold) = (_ownerTold, ToldNothing);
        else if (_ranksTold is null || !_ranksTold.Remove(session, out told)) told = ToldNothing;
        return told != ToldNothing ? told == _round : session.Process is null && _answered == _round;
    }

    /// <summary>Where the hit of one shard lies, for a session that holds the arena.</summary>
    public LocatedShard Locate(Session session, int shard)
    {
        var blocks = new Block[ChunkPosition.Count(HitTokens, Tree.Layout.ChunkTokens)];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = Path[i].Shards[shard]!;
        return new LocatedShard(shard, blocks.Length == 0 ? default : blocks[0].ArenaId, blocks)
        {
            Gpu = session.Gpu?.Locate(this, shard, blocks.Length),
        };
    }

    /// <summary>What it keeps of a shard on a device.</summary>
    public GpuHold GpuHoldOf(GpuArena arena, int shard)
    {
        var hold = GpuHolds?.Find(hold => hold.Arena == arena && hold.Shard == shard);
        if (hold is null) (GpuHolds ??= []).Add(hold = new GpuHold(arena, shard));
        return hold;
    }

    /// <summary>Ends its leases on devices.</summary>
    public void ReleaseGpu()
    {
        foreach (var hold in GpuHolds ?? [])
            foreach (var block in hold.Leased) hold.Arena.Unlease(block);
        GpuHolds = null;
    }

    /// <summary>
    /// The hit has grown or its leases have ended: what ranks said of it before says nothing of what comes. Ranks that are done stay so.
    /// </summary>
    public void RestartLoading()
    {
        _loadedRanks.Clear();
        _loadedRanks.UnionWith(_doneRanks);
    }

    /// <summary>True when every rank of the layout has finished loading.</summary>
    public bool RankLoaded(int rank)
    {
        _loadedRanks.Add(rank);
        return Tree.Layout.Ranks.All(_loadedRanks.Contains);
    }

    /// <summary>True when every rank of the layout is done.</summary>
    public bool RankDone(int rank)
    {
        _loadedRanks.Add(rank);
        _doneRanks.Add(rank);
        return Tree.Layout.Ranks.All(_doneRanks.Contains);
    }
}
