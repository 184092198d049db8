namespace PrefixCache.Client;

/// <summary>What one plane brought of a transfer.</summary>
/// <param name="Plane">How it came.</param>
/// <param name="Tokens">Tokens of which it brought the KV.</param>
/// <param name="Bytes">Payload.</param>
/// <param name="Elapsed">Wall-clock time until its last byte was in place; planes work beside each other.</param>
public sealed record PlaneLoad(TransferPlane Plane, int Tokens, long Bytes, TimeSpan Elapsed);
