namespace PrefixCache.Core.Planning;

/// <summary>Where a part of a prefix lies. The numbers are the contract's.</summary>
public enum CacheTier
{
    None = 0,
    Gpu = 1,
    Host = 2,
    Redis = 3,
}
