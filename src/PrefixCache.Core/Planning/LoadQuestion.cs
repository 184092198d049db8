using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Planning;

/// <summary>What a decision is asked for.</summary>
/// <param name="Layout">As the tenant registered it: speeds are kept for each such object.</param>
/// <param name="Plane">How the session's worker loads from the host tier.</param>
/// <param name="ComputedTokens">Leading tokens that the engine has already.</param>
/// <param name="HitTokens">Leading tokens that the host tier has, aligned.</param>
public readonly record struct LoadQuestion(KvLayout Layout, LoadSource Plane, int ComputedTokens, int HitTokens)
{
    /// <summary>Leading tokens of the hit that lie on the session's device.</summary>
    public int GpuTokens { get; init; }

    /// <summary>Leading tokens that the host tier has or Redis could bring; not above <see cref="HitTokens"/> = Redis has none.</summary>
    public int RedisEnd { get; init; }

    /// <summary>The engine's block size; 0 and 1 = any length.</summary>
    public int AlignTokens { get; init; }

    /// <summary>Null = the node's.</summary>
    public LoadMode? Mode { get; init; }
}
