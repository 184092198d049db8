using System.Runtime.CompilerServices;
using static PrefixCache.Format.Hashing.Xxh3Mix;
using static PrefixCache.Format.Hashing.Xxh3Primes;

namespace PrefixCache.Format.Hashing;

/// <summary>XXH3-64 of more than 240 bytes: eight 64-bit lanes over stripes of 64 bytes, scrambled after every 16 stripes.</summary>
internal static unsafe class Xxh3Long
{
    /// <summary>64-bit lanes in the state.</summary>
    public const int Lanes = 8;

    /// <summary>Bytes that one step of all lanes takes.</summary>
    public const int StripeLength = 64;

    /// <summary>Stripes between two scrambles: as many as the 192-byte secret gives at 8 bytes a stripe.</summary>
    public const int StripesPerBlock = (Xxh3Secret.Length - StripeLength) / SecretStep;

    /// <summary>How far the secret moves on from stripe to stripe.</summary>
    public const int SecretStep = 8;

    /// <summary>Where in the secret the scramble's key lies.</summary>
    public const int ScrambleSecret = Xxh3Secret.Length - StripeLength;

    /// <summary>Where in the secret the last stripe's key lies (unaligned on purpose, says the specification).</summary>
    private const int LastStripeSecret = ScrambleSecret - 7;

    private const int BlockLength = StripeLength * StripesPerBlock;
    private const int MergeSecret = 11;

    public static ulong Hash(byte* input, uint length, byte* secret, Xxh3Width width)
    {
        ulong* lanes = stackalloc ulong[Lanes];
        Begin(lanes);
        switch (width)
        {
            case Xxh3Width.Vector512: Accumulate<Xxh3Lanes512>(input, length, secret, lanes); break;
            case Xxh3Width.Vector256: Accumulate<Xxh3Lanes256>(input, length, secret, lanes); break;
            case Xxh3Width.Vector128: Accumulate<Xxh3Lanes128>(input, length, secret, lanes); break;
            default: Accumulate<Xxh3LanesScalar>(input, length, secret, lanes); break;
        }

        return Merge(lanes, length, secret);
    }

    /// <summary>Stripes with a regular key. The last 64 bytes are taken apart from them even when they are a whole stripe.</summary>
    public static uint RegularStripes(uint length) => (length - 1) / StripeLength;

    /// <summary>Sets the state in front of the first stripe.</summary>
    public static void Begin(ulong* lanes)
    {
        lanes[0] = Prime32C;
        lanes[1] = Prime64A;
        lanes[2] = Prime64B;
        lanes[3] = Prime64C;
        lanes[4] = Prime64D;
        lanes[5] = Prime32B;
        lanes[6] = Prime64E;
        lanes[7] = Prime32A;
    }

    /// <summary>Takes one regular stripe.</summary>
    /// <param name="number">Regular stripes of the input in front of it.</param>
    public static void Absorb(byte* stripe, int number, byte* secret, ulong* lanes)
    {
        int step = number % StripesPerBlock;
        Xxh3LanesScalar state = Xxh3LanesScalar.Accumulate(Xxh3LanesScalar.Load((byte*)lanes), Xxh3LanesScalar.Load(stripe),
            Xxh3LanesScalar.Load(secret + (step * SecretStep)));
        if (step == StripesPerBlock - 1) state = Xxh3LanesScalar.Scramble(state, Xxh3LanesScalar.Load(secret + ScrambleSecret));
        state.Store((byte*)lanes);
    }

    /// <summary>The hash, from the state behind the regular stripes and the last 64 bytes of the input.</summary>
    public static ulong End(ulong* lanes, byte* lastStripe, uint length, byte* secret)
    {
        AccumulateLast<Xxh3LanesScalar>(Xxh3LanesScalar.Load((byte*)lanes), lastStripe, secret).Store((byte*)lanes);
        return Merge(lanes, length, secret);
    }

    private static ulong Merge(ulong* lanes, uint length, byte* secret)
    {
        ulong hash = length * Prime64A;
        byte* key = secret + MergeSecret;
        for (int lane = 0; lane < Lanes; lane += 2, key += 16)
            hash += MultiplyFold(lanes[lane] ^ Read64(key), lanes[lane + 1] ^ Read64(key + 8));
        return Avalanche(hash);
    }

    private static void Accumulate<TLanes>(byte* input, uint length, byte* secret, ulong* lanes)
        where TLanes : unmanaged, IXxh3Lanes<TLanes>
    {
        byte* lastStripe = input + length - StripeLength;
        TLanes state = TLanes.Load((byte*)lanes);
        TLanes scramble = TLanes.Load(secret + ScrambleSecret);
        for (uint block = (length - 1) / BlockLength; block > 0; block--, input += BlockLength)
        {
            for (int stripe = 0; stripe < StripesPerBlock; stripe++) state = Step(state, input, secret, stripe);
            state = TLanes.Scramble(state, scramble);
        }

        uint rest = RegularStripes(length) % StripesPerBlock;
        for (int stripe = 0; stripe < rest; stripe++) state = Step(state, input, secret, stripe);
        AccumulateLast(state, lastStripe, secret).Store((byte*)lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Step<TLanes>(TLanes state, byte* input, byte* secret, int stripe)
        where TLanes : unmanaged, IXxh3Lanes<TLanes> => TLanes.Accumulate(
            state, TLanes.Load(input + (stripe * StripeLength)), TLanes.Load(secret + (stripe * SecretStep)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes AccumulateLast<TLanes>(TLanes state, byte* lastStripe, byte* secret)
        where TLanes : unmanaged, IXxh3Lanes<TLanes> =>
        TLanes.Accumulate(state, TLanes.Load(lastStripe), TLanes.Load(secret + LastStripeSecret));
}
