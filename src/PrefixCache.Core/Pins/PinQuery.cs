using PrefixCache.Core.Sessions;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Pins;

/// <summary>What is to be pinned, beside the tokens.</summary>
/// <param name="Time">How long; null = as long as the node allows.</param>
public readonly record struct PinQuery(Session Session, KvLayout Layout, string Salt, string Adapter, TimeSpan? Time);

/// <summary>What is pinned now.</summary>
/// <param name="Id">Names the pin.</param>
/// <param name="Tokens">Leading tokens that it keeps.</param>
/// <param name="Bytes">Of the blocks that it keeps.</param>
/// <param name="Time">How long from now.</param>
public readonly record struct PinAnswer(ulong Id, int Tokens, long Bytes, TimeSpan Time);
