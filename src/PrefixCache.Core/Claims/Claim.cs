using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Claims;

/// <summary>The right and duty to compute a range of a prompt while others wait for it.</summary>
/// <remarks>Protected by the node's lock. Owns one reference to its tokens.</remarks>
internal sealed class Claim : IDisposable
{
    private readonly ClaimSlot[] _slots;
    private readonly bool[] _finished;

    /// <param name="owner">Null = a request of another node.</param>
    /// <param name="first">First token of the range.</param>
    /// <param name="firstPosition">Chunk position that it lies in.</param>
    /// <param name="slots">One for each position from there on.</param>
    /// <param name="tokens">Taken over.</param>
    /// <param name="origin">Where in the sequence <paramref name="tokens"/> begin.</param>
    /// <param name="end">Where the range ends.</param>
    public Claim(
        Reservation? owner, NamespaceTree tree, TokenBuffer tokens, int origin, int first, int end, int firstPosition, ClaimSlot[] slots)
    {
        (Owner, Tree, Tokens, Origin, First, End) = (owner, tree, tokens, origin, first, end);
        (FirstPosition, _slots, _finished) = (firstPosition, slots, new bool[slots.Length]);
        Left = slots.Length;
    }

    public Reservation? Owner { get; }

    public NamespaceTree Tree { get; }

    /// <summary>The claim's own reference.</summary>
    public TokenBuffer Tokens { get; }

    /// <summary>Where in the sequence <see cref="Tokens"/> begin.</summary>
    public int Origin { get; }

    public int First { get; }

    public int End { get; }

    public int FirstPosition { get; }

    /// <summary>Where it is found, position by position.</summary>
    public ReadOnlySpan<ClaimSlot> Slots => _slots;

    /// <summary>Positions that are not there yet.</summary>
    public int Left { get; private set; }

    public bool HasEnded { get; set; }

    /// <summary>Time stamp of the last that was heard of it.</summary>
    public long HeardOf { get; set; }

    /// <summary>Requests that were told to wait for it.</summary>
    public HashSet<Reservation> Waiters { get; } = [];

    /// <summary>Chunks of the range that are there.</summary>
    public List<ChunkNode> Nodes { get; } = [];

    /// <summary>What the fleet knows it as; null = this node alone knows of it.</summary>
    public FleetHold? Fleet { get; set; }

    /// <summary>Requests of other nodes wait for it: its chunks are wanted where they find them.</summary>
    public bool IsAwaitedElsewhere => Fleet is { IsAwaited: true };

    /// <summary>The first position that is not there yet; behind the last where all are.</summary>
    public int FirstOpen
    {
        get
        {
            var index = Array.IndexOf(_finished, false);
            return FirstPosition + (index < 0 ? _finished.Length : index);
        }
    }

    /// <summary>First token of what is left to compute.</summary>
    public int FirstLeft => Math.Max(First, FirstOpen * Tree.Layout.ChunkTokens);

    /// <summary>Tokens from a position's start to the end of the range.</summary>
    public ChunkText From(int position)
    {
        var first = position * Tree.Layout.ChunkTokens;
        return Tokens.Text(first - Origin, End - first);
    }

    /// <summary>Tokens of the range at one position, from its start on.</summary>
    public ChunkText At(int position)
    {
        var first = position * Tree.Layout.ChunkTokens;
        return Tokens.Text(first - Origin, Math.Min(Tree.Layout.ChunkTokens, End - first));
    }

    public bool IsFinished(int position) => _finished[position - FirstPosition];

    public void Finish(int position)
    {
        if (_finished[position - FirstPosition]) return;
        _finished[position - FirstPosition] = true;
        Left--;
    }

    public void Dispose() => Tokens.Dispose();
}
