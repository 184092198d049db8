using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PrefixCache.Format.Hashing;

/// <summary>XXH3, 64-bit variant: the checksum of payload segments and blocks.</summary>
/// <remarks>
/// Not a cryptographic hash: it finds damage, it names nothing (chunk keys are SHA-256). All members are thread-safe, allocate nothing
/// and give the same result at every vector width. Source: the XXH3 part of the xxHash specification,
/// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Little-endian machines only.
/// </remarks>
public static unsafe class Xxh3
{
    /// <summary>Longest input that the short paths take; above it the striped path starts.</summary>
    internal const int MaxShortLength = 240;

    /// <summary>The width that <see cref="Hash64(ReadOnlySpan{byte}, ulong)"/> uses on this machine.</summary>
    internal static Xxh3Width PreferredWidth
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSupported(Xxh3Width.Vector512) ? Xxh3Width.Vector512
            : IsSupported(Xxh3Width.Vector256) ? Xxh3Width.Vector256
            : IsSupported(Xxh3Width.Vector128) ? Xxh3Width.Vector128
            : Xxh3Width.Scalar;
    }

    /// <summary>Hashes bytes.</summary>
    /// <param name="data">The bytes, of any length and alignment.</param>
    /// <param name="seed">Seed; 0 is the plain XXH3_64bits.</param>
    /// <returns>The 64-bit hash as a number (its canonical byte form is big-endian, ours on disk and wire is little-endian).</returns>
    public static ulong Hash64(ReadOnlySpan<byte> data, ulong seed = 0) => Hash64(data, seed, PreferredWidth);

    /// <summary>Hashes the little-endian bytes of <paramref name="hashes"/>: the one checksum over a block's segment checksums.</summary>
    /// <param name="hashes">Segment hashes in segment order.</param>
    /// <returns>XXH3-64 with seed 0 over <c>8 * hashes.Length</c> bytes.</returns>
    public static ulong HashOfHashes(ReadOnlySpan<ulong> hashes) => Hash64(MemoryMarshal.AsBytes(hashes));

    /// <summary>Whether this machine runs the striped path at <paramref name="width"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsSupported(Xxh3Width width) => width switch
    {
        // IsHardwareAccelerated is false where 512-bit code lowers the clock, which IsSupported alone does not tell.
        Xxh3Width.Vector512 => Avx512F.IsSupported && Vector512.IsHardwareAccelerated,
        Xxh3Width.Vector256 => Avx2.IsSupported,
        Xxh3Width.Vector128 => Vector128.IsHardwareAccelerated,
        _ => true,
    };

    /// <summary>Hashes at a chosen width, which the machine must support; tests compare the widths with it.</summary>
    internal static ulong Hash64(ReadOnlySpan<byte> data, ulong seed, Xxh3Width width)
    {
        fixed (byte* input = data)
        fixed (byte* secret = Xxh3Secret.Default)
        {
            if (data.Length <= MaxShortLength) return Xxh3Short.Hash(input, (uint)data.Length, secret, seed);
            if (seed == 0) return Xxh3Long.Hash(input, (uint)data.Length, secret, width);

            byte* derived = stackalloc byte[Xxh3Secret.Length];
            Xxh3Secret.Derive(secret, seed, derived);
            return Xxh3Long.Hash(input, (uint)data.Length, derived, width);
        }
    }
}
