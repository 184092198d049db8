using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using PrefixCache.Format.Hashing;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Copying;

/// <summary>The two loops over stripes: copy, and copy with hash.</summary>
/// <remarks>
/// Optimized at the first call: in the tier that the runtime begins with every vector operation is a call, and a worker's first hit would
/// wait for it. Prefetching is non-temporal, since nobody needs the source again: it costs nothing where memory is read in order and gains
/// a tenth to a half where pages or heads are gathered, which the processor does not foresee.
/// </remarks>
internal static unsafe class StripeCopy
{
    /// <summary>How far ahead one long piece is asked for.</summary>
    private const int PieceAhead = 2_048;

    /// <summary>
    /// How far ahead each of several rows is asked for. In head-major pages the same head of the next tokens lies there, which the loop
    /// comes to after kilobytes of other heads.
    /// </summary>
    private const int RowAhead = 512;

    /// <summary>Copies pieces that begin at multiples of 64 in the destination, past the caches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void NonTemporal<TLanes>(in CopyRows rows)
        where TLanes : unmanaged, IXxh3Lanes<TLanes>
    {
        int ahead = rows.Rows == 1 ? PieceAhead : RowAhead;
        int tail = rows.RowBytes % StripeLength;
        for (int row = 0; row < rows.Rows; row++)
        {
            byte* source = rows.Source + (row * rows.SourceStride);
            byte* destination = rows.Destination + (row * rows.DestinationStride);
            byte* end = source + rows.RowBytes - tail;
            for (; source < end; source += StripeLength, destination += StripeLength)
            {
                if (Sse.IsSupported) Sse.PrefetchNonTemporal(source + ahead);
                TLanes.Load(source).StoreNonTemporal(destination);
            }

            if (tail > 0) NativeMemory.Copy(source, destination, (nuint)tail);
        }
    }

    /// <summary>Copies, and carries the hash's state on.</summary>
    /// <param name="rows">What to copy; pieces are multiples of 64 bytes.</param>
    /// <param name="stripe">Stripes that the state has taken since it was scrambled last, 0 to 15.</param>
    /// <param name="secret">The hash's secret.</param>
    /// <param name="lanes">The hash's state, 64 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hashed<TLanes>(in CopyRows rows, int stripe, byte* secret, ulong* lanes)
        where TLanes : unmanaged, IXxh3Lanes<TLanes>
    {
        bool nonTemporal = PayloadCopy.IsAligned(rows);
        int ahead = rows.Rows == 1 ? PieceAhead : RowAhead;
        TLanes state = TLanes.Load((byte*)lanes);
        TLanes scramble = TLanes.Load(secret + ScrambleSecret);
        for (int row = 0; row < rows.Rows; row++)
        {
            byte* source = rows.Source + (row * rows.SourceStride);
            byte* destination = rows.Destination + (row * rows.DestinationStride);
            for (byte* end = source + rows.RowBytes; source < end; source += StripeLength, destination += StripeLength)
            {
                if (Sse.IsSupported) Sse.PrefetchNonTemporal(source + ahead);
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
