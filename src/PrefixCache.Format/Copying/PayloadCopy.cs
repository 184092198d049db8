using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Copying;

/// <summary>Copies payload past the caches: it is larger than they are, and nobody reads it at once.</summary>
/// <remarks>
/// Where the destination begins at a multiple of 64 bytes (each piece, where there are several), stores are non-temporal: no line is read
/// from memory only to be overwritten, and what others have in the caches stays there. Elsewhere it is an ordinary copy. A non-temporal
/// copy is visible to other threads in no particular order until <see cref="Fence"/>. Thread-safe; allocates nothing.
/// </remarks>
public static unsafe class PayloadCopy
{
    /// <summary>
    /// How far ahead of the copy its source is asked for. 256 to 512 bytes gain a tenth over none in one run of memory, and a half where the
    /// hash's order jumps between heads: 512 is then the token after the next one.
    /// </summary>
    internal const int PrefetchBytes = 512;

    /// <summary>Copies contiguous bytes: any number, at any alignment.</summary>
    public static void Copy(byte* source, byte* destination, int bytes) => Copy(new CopyRows(source, destination, bytes));

    /// <summary>Copies pieces of any size at any alignment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(in CopyRows rows)
    {
        int whole = IsAligned(rows) ? rows.RowBytes & -StripeLength : 0;
        for (int row = 0; row < rows.Rows; row++)
        {
            byte* source = rows.Source + (row * rows.SourceStride);
            byte* destination = rows.Destination + (row * rows.DestinationStride);
            for (int i = 0; i < whole; i += StripeLength)
            {
                if (Sse.IsSupported) Sse.Prefetch0(source + i + PrefetchBytes);
                Vector512.Load(source + i).StoreAlignedNonTemporal(destination + i);
            }

            if (whole < rows.RowBytes) NativeMemory.Copy(source + whole, destination + whole, (nuint)(rows.RowBytes - whole));
        }
    }

    /// <summary>Asks for the beginning of each of <paramref name="rows"/> pieces that will be read soon; changes and checks nothing.</summary>
    /// <param name="source">Need not be readable, nor pinned.</param>
    /// <param name="stride">Bytes from one piece to the next.</param>
    /// <param name="rows">Number of pieces.</param>
    public static void Prefetch(byte* source, nint stride, int rows)
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < rows; row++, source += stride)
        {
            for (int i = 0; i < PrefetchBytes; i += StripeLength) Sse.Prefetch1(source + i);
        }
    }

    /// <summary>
    /// Puts the calling thread's copies in front of its later writes. A writer issues it before it commits: non-temporal stores do not keep
    /// the order of the program by themselves.
    /// </summary>
    public static void Fence()
    {
        if (Sse.IsSupported) Sse.StoreFence();
        else Interlocked.MemoryBarrier();
    }

    /// <summary>Every piece begins at a multiple of 64 bytes in the destination.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsAligned(in CopyRows rows) => (((nint)rows.Destination | rows.DestinationStride) & (StripeLength - 1)) == 0;
}
