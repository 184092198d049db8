using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Transfers;

/// <summary>The chunks that a store names or passes, with the keys that name them.</summary>
internal sealed class ChunkChain
{
    private readonly TokenBuffer _tokens;
    private readonly int _chunkTokens;
    private readonly int[] _lengths;
    private readonly ChunkKey[] _keys;
    private ChunkKey _previous;
    private int _firstKey;

    /// <param name="lengths">Tokens of each chunk.</param>
    public ChunkChain(TokenBuffer tokens, int chunkTokens, int[] lengths)
    {
        _tokens = tokens;
        _chunkTokens = chunkTokens;
        _lengths = lengths;
        _keys = new ChunkKey[lengths.Length];
    }

    public int Count => _lengths.Length;

    /// <summary>Tokens that <see cref="ComputeKeys"/> hashed.</summary>
    public int HashedTokens { get; private set; }

    public ChunkText Text(int position) => _tokens.Text(position * _chunkTokens, _lengths[position]);

    /// <param name="previous">Key of the chunk before <paramref name="first"/>, or the root.</param>
    /// <param name="first">First position that has no key yet.</param>
    public void ComputeKeys(in ChunkKey previous, int first)
    {
        (_previous, _firstKey) = (previous, first);
        for (var i = first; i < Count; i++)
        {
            _keys[i] = KeyOf(Text(i), i);
            HashedTokens += _lengths[i];
        }
    }

    public bool HasKey(int position) => position >= _firstKey;

    public ChunkKey Key(int position) => _keys[position];

    /// <summary>Names the first <paramref name="tokens"/> tokens of a position that has a key.</summary>
    public ChunkKey CutKey(int position, int tokens) => KeyOf(Text(position).Cut(tokens), position);

    private ChunkKey KeyOf(ChunkText text, int position) =>
        ChunkKeys.Next(position == _firstKey ? _previous : _keys[position - 1], text.Bytes, text.EncodeItems());
}
