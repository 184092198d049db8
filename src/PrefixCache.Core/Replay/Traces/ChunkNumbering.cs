using System.Runtime.InteropServices;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>Numbers chunks of token sequences: the same number for the same tokens behind the same chunks.</summary>
/// <param name="units">All tokens of the trace; chunks are compared with where they stood first, so a hash decides nothing.</param>
internal sealed class ChunkNumbering(ReadOnlyMemory<uint> units)
{
    private readonly Dictionary<(int Parent, ulong Hash), int> _byHash = [];
    private readonly List<(int Start, int Count)> _first = [];

    public int Count => _first.Count;

    /// <summary>What stands before the first chunk of a namespace.</summary>
    public static int Root(int ofNamespace) => -1 - ofNamespace;

    /// <param name="parent">Number of the chunk before, or a root.</param>
    public int Number(int parent, int start, int count)
    {
        var tokens = units.Span.Slice(start, count);
        for (var hash = Xxh3.Hash64(MemoryMarshal.AsBytes(tokens), 0); ; hash++)
        {
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_byHash, (parent, hash), out var isKnown);
            if (!isKnown)
            {
                number = _first.Count;
                _first.Add((start, count));
                return number;
            }

            var (knownStart, knownCount) = _first[number];
            if (units.Span.Slice(knownStart, knownCount).SequenceEqual(tokens)) return number;
        }
    }
}
