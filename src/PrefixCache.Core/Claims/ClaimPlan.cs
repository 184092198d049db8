using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>What a claim would cover, taken down under the node's lock, so that its keys can be computed without it.</summary>
internal sealed class ClaimPlan : IDisposable
{
    /// <summary>Most chunk positions of one claim: who computes more claims the rest later.</summary>
    private const int MaxPositions = 1024;

    private readonly ChunkKey? _known;
    private readonly int _knownPositions;

    /// <summary>Called under the node's lock.</summary>
    public ClaimPlan(Reservation owner, int first, int end)
    {
        (Tree, Tokens, First) = (owner.Tree, owner.Tokens.Retain(), first);
        var chunkTokens = Tree.Layout.ChunkTokens;
        FirstPosition = first / chunkTokens;
        End = (int)Math.Min(end, (FirstPosition + MaxPositions) * (long)chunkTokens);
        ChunkNode? deepest = null;
        for (; _knownPositions < FirstPosition; _knownPositions++)
        {
            var next = _knownPositions < owner.WholeChunks
                ? owner.Path[_knownPositions]
                : Tree.Find(deepest, Tokens.Chunk(_knownPositions, chunkTokens));
            if (next is null) break;
            deepest = next;
        }

        _known = deepest?.Key;
    }

    public NamespaceTree Tree { get; }

    public TokenBuffer Tokens { get; }

    public int First { get; }

    public int End { get; }

    public int FirstPosition { get; }

    /// <summary>One for each position of the range, once <see cref="ComputeSlots"/> was called.</summary>
    public ClaimSlot[] Slots { get; private set; } = [];

    /// <returns>Tokens that were hashed for it.</returns>
    public int ComputeSlots()
    {
        var chunkTokens = Tree.Layout.ChunkTokens;
        var lengths = new int[(End - 1) / chunkTokens];
        Array.Fill(lengths, chunkTokens);
        var chain = new ChunkChain(Tokens, chunkTokens, lengths);
        chain.ComputeKeys(_known ?? Tree.Root, _knownPositions);
        Slots = new ClaimSlot[lengths.Length + 1 - FirstPosition];
        for (var i = 0; i < Slots.Length; i++)
        {
            var position = FirstPosition + i;
            var parent = position == _knownPositions ? _known ?? Tree.Root : chain.Key(position - 1);
            Slots[i] = ClaimSlot.Of(parent, Text(position));
        }

        return chain.HashedTokens;
    }

    public Claim ToClaim(Reservation owner) => new(owner, Tree, Tokens.Retain(), 0, First, End, FirstPosition, Slots);

    public void Dispose() => Tokens.Dispose();

    private ChunkText Text(int position)
    {
        var first = position * Tree.Layout.ChunkTokens;
        return Tokens.Text(first, Math.Min(Tree.Layout.ChunkTokens, End - first));
    }
}
