namespace PrefixCache.Client;

/// <summary>A prefix that the node keeps in place.</summary>
/// <param name="Id">Names it in <see cref="PrefixCacheClient.UnpinAsync"/>.</param>
/// <param name="Tokens">Leading tokens that are kept: those that were there.</param>
/// <param name="Bytes">Of their blocks.</param>
/// <param name="Time">How long from now.</param>
public sealed record PrefixPin(ulong Id, int Tokens, long Bytes, TimeSpan Time);
