using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using static PrefixCache.Format.Hashing.Xxh3Mix;
using static PrefixCache.Format.Hashing.Xxh3Primes;

namespace PrefixCache.Format.Hashing;

/// <summary>XXH3-64 of at most 240 bytes. The numbers are offsets into the secret that the specification gives.</summary>
internal static unsafe class Xxh3Short
{
    public static ulong Hash(byte* input, uint length, byte* secret, ulong seed) => length switch
    {
        0 => Avalanche64(seed ^ Read64(secret + 56) ^ Read64(secret + 64)),
        <= 3 => Hash1To3(input, length, secret, seed),
        <= 8 => Hash4To8(input, length, secret, seed),
        <= 16 => Hash9To16(input, length, secret, seed),
        <= 128 => Hash17To128(input, length, secret, seed),
        _ => Hash129To240(input, length, secret, seed),
    };

    private static ulong Hash1To3(byte* input, uint length, byte* secret, ulong seed)
    {
        uint combined = ((uint)input[0] << 16) | ((uint)input[length >> 1] << 24) | input[length - 1] | (length << 8);
        ulong flip = (Read32(secret) ^ Read32(secret + 4)) + seed;
        return Avalanche64(combined ^ flip);
    }

    private static ulong Hash4To8(byte* input, uint length, byte* secret, ulong seed)
    {
        seed ^= (ulong)BinaryPrimitives.ReverseEndianness((uint)seed) << 32;
        ulong flip = (Read64(secret + 8) ^ Read64(secret + 16)) - seed;
        ulong hash = (Read32(input + length - 4) + ((ulong)Read32(input) << 32)) ^ flip;

        hash ^= BitOperations.RotateLeft(hash, 49) ^ BitOperations.RotateLeft(hash, 24);
        hash *= PrimeMix2;
        hash ^= (hash >> 35) + length;
        hash *= PrimeMix2;
        return hash ^ (hash >> 28);
    }

    private static ulong Hash9To16(byte* input, uint length, byte* secret, ulong seed)
    {
        ulong lowFlip = (Read64(secret + 24) ^ Read64(secret + 32)) + seed;
        ulong highFlip = (Read64(secret + 40) ^ Read64(secret + 48)) - seed;
        ulong low = Read64(input) ^ lowFlip;
        ulong high = Read64(input + length - 8) ^ highFlip;
        return Avalanche(length + BinaryPrimitives.ReverseEndianness(low) + high + MultiplyFold(low, high));
    }

    private static ulong Hash17To128(byte* input, uint length, byte* secret, ulong seed)
    {
        byte* end = input + length;
        ulong hash = length * Prime64A;
        // Pairs from both ends towards the middle; they may overlap there. Addition commutes, so the order is free.
        for (uint pair = 0; pair <= (length - 1) / 32; pair++)
        {
            hash += Mix16(input + (16 * pair), secret + (32 * pair), seed);
            hash += Mix16(end - (16 * (pair + 1)), secret + (32 * pair) + 16, seed);
        }

        return Avalanche(hash);
    }

    private static ulong Hash129To240(byte* input, uint length, byte* secret, ulong seed)
    {
        ulong hash = length * Prime64A;
        for (uint round = 0; round < 8; round++) hash += Mix16(input + (16 * round), secret + (16 * round), seed);
        hash = Avalanche(hash);

        for (uint round = 8; round < length / 16; round++) hash += Mix16(input + (16 * round), secret + (16 * (round - 8)) + 3, seed);
        hash += Mix16(input + length - 16, secret + 136 - 17, seed);
        return Avalanche(hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix16(byte* input, byte* secret, ulong seed) =>
        MultiplyFold(Read64(input) ^ (Read64(secret) + seed), Read64(input + 8) ^ (Read64(secret + 8) - seed));
}
