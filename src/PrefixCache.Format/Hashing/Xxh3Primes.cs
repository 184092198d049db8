namespace PrefixCache.Format.Hashing;

/// <summary>Constants of the xxHash specification (PRIME32_n, PRIME64_n, and XXH3's two mixing primes).</summary>
internal static class Xxh3Primes
{
    public const uint Prime32A = 0x9E3779B1;
    public const uint Prime32B = 0x85EBCA77;
    public const uint Prime32C = 0xC2B2AE3D;
    public const ulong Prime64A = 0x9E3779B185EBCA87;
    public const ulong Prime64B = 0xC2B2AE3D27D4EB4F;
    public const ulong Prime64C = 0x165667B19E3779F9;
    public const ulong Prime64D = 0x85EBCA77C2B2AE63;
    public const ulong Prime64E = 0x27D4EB2F165667C5;
    public const ulong PrimeMix1 = 0x165667919E3779F9;
    public const ulong PrimeMix2 = 0x9FB21C651E98DF25;
}
