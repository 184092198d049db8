using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Transfers;

/// <summary>The chunks that a store names or passes, with the hashes that find them and the keys that name them.</summary>
internal sealed class ChunkChain
{
    private readonly TokenBuffer _tokens;
    private readonly int _chunkTokens;
    private readonly int[] _lengths;
    private readonly ChunkKey[] _keys;
    private int _firstKey;

    /// <param name="lengths">Tokens of each chunk.</param>
    public ChunkChain(TokenBuffer tokens, int chunkTokens, int[] lengths)
    {
        _tokens = tokens;
        _chunkTokens = chunkTokens;
        _lengths = lengths;
        _keys = new ChunkKey[lengths.Length];
        Hashes = new ulong[lengths.Length];
        for (var i = 0; i < lengths.Length; i++) Hashes[i] = ChunkHashes.Of(Tokens(i));
    }

    public int Count => _lengths.Length;

    public ulong[] Hashes { get; }

    public ReadOnlySpan<byte> Tokens(int position) => _tokens.Slice(position * _chunkTokens, _lengths[position]);

    /// <param name="previous">Key of the chunk before <paramref name="first"/>, or the root.</param>
    /// <param name="first">First position that has no key yet.</param>
    public void ComputeKeys(in ChunkKey previous, int first)
    {
        _firstKey = first;
        var key = previous;
        for (var i = first; i < Count; i++) _keys[i] = key = ChunkKeys.Next(key, Tokens(i));
    }

    public bool HasKey(int position) => position >= _firstKey;

    public ChunkKey Key(int position) => _keys[position];
}
