namespace PrefixCache.Core.Claims;

/// <summary>What the fleet says to who would take a key.</summary>
/// <param name="Tokens">Of who holds it.</param>
internal sealed record FleetTake(bool IsTaken, ReadOnlyMemory<byte> Tokens);
