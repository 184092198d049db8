namespace PrefixCache.Core.Claims;

/// <summary>What the fleet says to who would take a key.</summary>
/// <param name="IsTaken">It is the caller's from now on.</param>
/// <param name="Tokens">Else: of who holds it (<see cref="FleetTokens"/>).</param>
public readonly record struct FleetTake(bool IsTaken, ReadOnlyMemory<byte> Tokens = default);
