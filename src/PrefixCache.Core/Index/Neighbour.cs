namespace PrefixCache.Core.Index;

/// <summary>The chunk of a <see cref="ChildSet"/> that begins most like a text.</summary>
/// <param name="Node">Null when the set is empty.</param>
/// <param name="Common">How many leading tokens they share.</param>
/// <param name="Sharers">Ways on from there that chunks of the set take: 0 where the nearest ends with these tokens.</param>
internal readonly record struct Neighbour(ChunkNode? Node, int Common, int Sharers);
