using System.Runtime.InteropServices;
using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Statistics;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>The claims that are out, and who waits for which. Every method is called under the node's lock.</summary>
internal sealed class ClaimTable(TimeProvider time, int minPartialTokens, CacheCounters counters)
{
    /// <summary>Most chunk positions of all claims together, at some 100 bytes; claims beyond are granted and nobody knows.</summary>
    private const int MaxSlots = 1 << 20;

    /// <summary>Claims behind one chunk that go on alike for a few tokens and differ then; more are not compared.</summary>
    private const int MaxCompared = 256;

    private readonly Dictionary<ClaimSlot, List<(Claim Claim, int Position)>> _slots = [];
    private readonly HashSet<Claim> _claims = [];
    private int _positions;

    /// <summary>Claims of this node's requests.</summary>
    public int Active { get; private set; }

    /// <summary>Requests that were told to wait, and neither asked again nor ended since.</summary>
    public int Waiting { get; private set; }

    public bool IsEmpty => _claims.Count == 0;

    public IReadOnlyCollection<Claim> All => _claims;

    /// <summary>Others find it from now on. Takes the claim over.</summary>
    /// <returns>False where there is no room: nobody waits for it then.</returns>
    public bool TryAdd(Claim claim)
    {
        if (_positions + claim.Slots.Length > MaxSlots)
        {
            claim.Dispose();
            return false;
        }

        claim.HeardOf = time.GetTimestamp();
        _claims.Add(claim);
        _positions += claim.Slots.Length;
        for (var i = 0; i < claim.Slots.Length; i++)
            (CollectionsMarshal.GetValueRefOrAddDefault(_slots, claim.Slots[i], out _) ??= []).Add((claim, claim.FirstPosition + i));
        if (claim.Owner is not { } owner) return true;
        Active++;
        owner.Claim = claim;
        StopWaiting(owner);
        return true;
    }

    /// <summary>The claim of another request that computes most of what this one lacks.</summary>
    /// <param name="parent">Key of the chunk before the asker's first missing position.</param>
    /// <param name="hit">Tokens that the asker has.</param>
    /// <param name="pending">Tokens that it will have, aligned.</param>
    public Claim? Find(Reservation asker, in ChunkKey parent, int hit, out int pending)
    {
        pending = hit;
        var (tokens, chunkTokens) = (asker.Tokens, asker.Tree.Layout.ChunkTokens);
        if (hit >= tokens.Count) return null;
        var position = hit / chunkTokens;
        var first = position * chunkTokens;
        var slot = ClaimSlot.Of(parent, tokens.Chunk(position, chunkTokens));
        if (!_slots.TryGetValue(slot, out var entries)) return null;
        Claim? best = null;
        var text = tokens.Text(first, tokens.Count - first);
        for (var i = 0; i < Math.Min(entries.Count, MaxCompared); i++)
        {
            var claim = entries[i].Claim;
            if (claim.Owner == asker) continue;
            var end = Servable(claim, first + claim.From(position).CommonTokens(text)) / asker.AlignTokens * asker.AlignTokens;
            if (end <= pending || end - hit < minPartialTokens) continue;
            (best, pending) = (claim, end);
        }

        return best;
    }

    /// <summary>The asker is told to wait for a claim.</summary>
    public void Wait(Reservation asker, Claim claim)
    {
        if (asker.WaitsFor == claim) return;
        StopWaiting(asker);
        (asker.WaitsFor, _) = (claim, claim.Waiters.Add(asker));
        Waiting++;
        if (asker.HasWaited) return;
        asker.HasWaited = true;
        counters.ClaimWaited();
    }

    public void StopWaiting(Reservation asker)
    {
        if (asker.WaitsFor is not { } claim) return;
        claim.Waiters.Remove(asker);
        asker.WaitsFor = null;
        Waiting--;
    }

    /// <summary>The work on a reservation's claim goes on.</summary>
    public void Progress(Reservation owner)
    {
        if (owner.Claim is { } claim) claim.HeardOf = time.GetTimestamp();
    }

    /// <summary>A chunk can be a hit from now on: the claims that it belongs to shrink, and who waits for them looks again.</summary>
    public void Completed(ChunkNode node)
    {
        if (IsEmpty || !node.Tree.HasRoot) return;
        var slot = ClaimSlot.Of(node.Parent?.Key ?? node.Tree.Root, node.Text);
        if (!_slots.TryGetValue(slot, out var entries)) return;
        foreach (var (claim, position) in entries.ToArray())
        {
            var own = claim.At(position);
            var common = own.CommonTokens(node.Text);
            if (common > 0 && claim.IsAwaitedElsewhere) node.IsAwaited = true;
            if (common == own.Count)
            {
                claim.Nodes.Add(node);
                Finish(claim, position);
            }

            if (common > 0 && !claim.HasEnded) Wake(claim);
        }
    }

    /// <summary>Nobody finds it any more, and who waits for it looks again.</summary>
    /// <param name="end">Null = it never was one, or is another node's.</param>
    public void End(Claim claim, ClaimEnd? end)
    {
        if (claim.HasEnded) return;
        claim.HasEnded = true;
        _claims.Remove(claim);
        _positions -= claim.Slots.Length;
        for (var i = 0; i < claim.Slots.Length; i++) Remove(claim, claim.FirstPosition + i);
        if (claim.Owner is { } owner)
        {
            Active--;
            owner.Claim = null;
        }

        if (end is { } how) counters.ClaimEnded(how);
        Wake(claim);
        foreach (var waiter in claim.Waiters) waiter.WaitsFor = null;
        Waiting -= claim.Waiters.Count;
        claim.Waiters.Clear();
        claim.Fleet?.End(end == ClaimEnd.Completed);
        claim.Dispose();
    }

    /// <summary>The namespace is cleared.</summary>
    public void EndOf(NamespaceTree tree)
    {
        foreach (var claim in _claims.Where(claim => claim.Tree == tree).ToList()) End(claim, claim.Owner is null ? null : ClaimEnd.LetGo);
    }

    /// <summary>A reservation ends: its claim does, and it waits for nothing.</summary>
    public void EndOf(Reservation reservation, ClaimEnd how)
    {
        StopWaiting(reservation);
        if (reservation.Claim is { } claim) End(claim, how);
        reservation.Changed.Pulse();
    }

    /// <summary>Ends this node's claims of which nothing was heard for the time.</summary>
    public int EndSilent(TimeSpan timeout)
    {
        var silent = _claims.Where(claim => claim.Owner is not null && time.GetElapsedTime(claim.HeardOf) >= timeout).ToList();
        foreach (var claim in silent) End(claim, ClaimEnd.TimedOut);
        return silent.Count;
    }

    private static void Wake(Claim claim)
    {
        foreach (var waiter in claim.Waiters) waiter.Changed.Pulse();
    }

    /// <summary>
    /// How far a hit will reach when the claim's chunks are there, where the tokens go on alike until <paramref name="end"/>: a run that
    /// ends in the middle of a chunk serves only where it is long enough.
    /// </summary>
    private int Servable(Claim claim, int end)
    {
        var within = end % claim.Tree.Layout.ChunkTokens;
        return end == claim.End || (minPartialTokens > 0 && within >= minPartialTokens) ? end : end - within;
    }

    private void Finish(Claim claim, int position)
    {
        claim.HeardOf = time.GetTimestamp();
        Remove(claim, position);
        claim.Finish(position);
        if (claim.Left == 0) End(claim, claim.Owner is null ? null : ClaimEnd.Completed);
        else claim.Fleet?.Advanced();
    }

    private void Remove(Claim claim, int position)
    {
        if (claim.IsFinished(position)) return;
        var slot = claim.Slots[position - claim.FirstPosition];
        var entries = _slots[slot];
        entries.Remove((claim, position));
        if (entries.Count == 0) _slots.Remove(slot);
    }
}
