using System.Runtime.CompilerServices;
using static PrefixCache.Format.Hashing.Xxh3Primes;

namespace PrefixCache.Format.Hashing;

/// <summary>The mixing steps that the short and the striped paths share.</summary>
internal static unsafe class Xxh3Mix
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read64(byte* at) => Unsafe.ReadUnaligned<ulong>(at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read32(byte* at) => Unsafe.ReadUnaligned<uint>(at);

    /// <summary>The 128-bit product, its halves folded by XOR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplyFold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return low ^ high;
    }

    /// <summary>XXH3's final mix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Avalanche(ulong hash)
    {
        hash ^= hash >> 37;
        hash *= PrimeMix1;
        return hash ^ (hash >> 32);
    }

    /// <summary>XXH64's final mix, which XXH3 uses for 0 to 3 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Avalanche64(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= Prime64B;
        hash ^= hash >> 29;
        hash *= Prime64C;
        return hash ^ (hash >> 32);
    }
}
