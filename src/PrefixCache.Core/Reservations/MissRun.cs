using PrefixCache.Core.Index;

namespace PrefixCache.Core.Reservations;

/// <summary>Why chunk positions are no hit, or no whole one.</summary>
/// <param name="Position">The first; it holds up to the next run's.</param>
public readonly record struct MissRun(int Position, MissReason Reason);
