using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using PrefixCache.Format.Hashing;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Copying;

/// <summary>The loop that copies whole stripes and hashes them.</summary>
internal static unsafe class StripeCopy
{
    /// <summary>Copies, and carries the hash's state on.</summary>
    /// <remarks>
    /// Optimized at the first call: in the tier that the runtime begins with every vector operation is a call, and a worker's first hit
    /// would wait for it.
    /// </remarks>
    /// <param name="rows">What to copy; pieces are multiples of 64 bytes.</param>
    /// <param name="stripe">Stripes that the state has taken since it was scrambled last, 0 to 15.</param>
    /// <param name="secret">The hash's secret.</param>
    /// <param name="lanes">The hash's state, 64 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hashed<TLanes>(in CopyRows rows, int stripe, byte* secret, ulong* lanes)
        where TLanes : unmanaged, IXxh3Lanes<TLanes>
    {
        bool nonTemporal = PayloadCopy.IsAligned(rows);
        TLanes state = TLanes.Load((byte*)lanes);
        TLanes scramble = TLanes.Load(secret + ScrambleSecret);
        for (int row = 0; row < rows.Rows; row++)
        {
            byte* source = rows.Source + (row * rows.SourceStride);
            byte* destination = rows.Destination + (row * rows.DestinationStride);
            for (byte* end = source + rows.RowBytes; source < end; source += StripeLength, destination += StripeLength)
            {
                if (Sse.IsSupported) Sse.Prefetch0(source + PayloadCopy.PrefetchBytes);
                TLanes data = TLanes.Load(source);
                if (nonTemporal) data.StoreNonTemporal(destination);
                else data.Store(destination);
                state = TLanes.Accumulate(state, data, TLanes.Load(secret + (stripe * SecretStep)));
                if (++stripe < StripesPerBlock) continue;
                state = TLanes.Scramble(state, scramble);
                stripe = 0;
            }
        }

        state.Store((byte*)lanes);
    }
}
