namespace PrefixCache.Core.Sharing;

/// <summary>Tenants that trust one another with their KV: they share an arena, which their workers on this host may map.</summary>
/// <param name="Name">Tells it from the others where options are at fault.</param>
/// <param name="CapacityBytes">Payload bytes of the arena, reserved at start.</param>
/// <param name="Tenants">Each in one domain only; all others use the main arena.</param>
public sealed record TrustDomainOptions(string Name, long CapacityBytes, IReadOnlyList<string> Tenants);
