using System.Runtime.CompilerServices;

namespace PrefixCache.Format.Hashing;

/// <summary>The lanes without vectors, for machines that have none; nothing goes past the caches there.</summary>
[InlineArray(Xxh3Long.Lanes)]
internal unsafe struct Xxh3LanesScalar : IXxh3Lanes<Xxh3LanesScalar>
{
    private ulong _lane;

    public static Xxh3LanesScalar Load(byte* at) => Unsafe.ReadUnaligned<Xxh3LanesScalar>(at);

    public readonly void Store(byte* at) => Unsafe.WriteUnaligned(at, this);

    public readonly void StoreNonTemporal(byte* at) => Store(at);

    public static Xxh3LanesScalar Accumulate(Xxh3LanesScalar state, Xxh3LanesScalar stripe, Xxh3LanesScalar secret)
    {
        for (int lane = 0; lane < Xxh3Long.Lanes; lane++)
        {
            ulong key = stripe[lane] ^ secret[lane];
            state[lane ^ 1] += stripe[lane];
            state[lane] += (uint)key * (key >> 32);
        }

        return state;
    }

    public static Xxh3LanesScalar Scramble(Xxh3LanesScalar state, Xxh3LanesScalar secret)
    {
        for (int lane = 0; lane < Xxh3Long.Lanes; lane++)
            state[lane] = (state[lane] ^ (state[lane] >> 47) ^ secret[lane]) * Xxh3Primes.Prime32A;
        return state;
    }
}
