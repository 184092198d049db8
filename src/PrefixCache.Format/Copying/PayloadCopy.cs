using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using PrefixCache.Format.Hashing;

namespace PrefixCache.Format.Copying;

/// <summary>Copies payload past the caches: it is larger than they are, and nobody reads it at once.</summary>
/// <remarks>
/// Where the destination begins at a multiple of 64 bytes (each piece, where there are several), stores are non-temporal: no line is read
/// from memory only to be overwritten, and what others have in the caches stays there. Elsewhere it is an ordinary copy. A non-temporal
/// copy is visible to other threads in no particular order until <see cref="Fence"/>. Thread-safe; allocates nothing.
/// </remarks>
public static unsafe class PayloadCopy
{
    /// <summary>Bytes of a piece that are asked for before its copy begins.</summary>
    private const int PrefetchBytes = 512;

    private const int LineBytes = 64;

    /// <summary>Copies contiguous bytes: any number, at any alignment.</summary>
    public static void Copy(byte* source, byte* destination, int bytes) => Copy(new CopyRows(source, destination, bytes));

    /// <summary>Copies pieces of any size at any alignment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(in CopyRows rows)
    {
        if (IsAligned(rows)) CopyNonTemporal(rows, Xxh3.PreferredWidth);
        else CopyPlain(rows);
    }

    /// <summary>Asks for the beginning of each of <paramref name="rows"/> pieces that will be read soon; changes nothing.</summary>
    /// <param name="source">Need be neither readable nor pinned.</param>
    /// <param name="stride">Bytes from one piece to the next.</param>
    /// <param name="rows">Number of pieces.</param>
    public static void Prefetch(byte* source, nint stride, int rows)
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < rows; row++, source += stride)
        {
            for (int i = 0; i < PrefetchBytes; i += LineBytes) Sse.Prefetch1(source + i);
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
    internal static bool IsAligned(in CopyRows rows) => (((nint)rows.Destination | rows.DestinationStride) & (LineBytes - 1)) == 0;

    /// <summary>Copies to an aligned destination at a chosen width, which the machine must support.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyNonTemporal(in CopyRows rows, Xxh3Width width)
    {
        switch (width)
        {
            case Xxh3Width.Vector512: StripeCopy.NonTemporal<Xxh3Lanes512>(rows); break;
            case Xxh3Width.Vector256: StripeCopy.NonTemporal<Xxh3Lanes256>(rows); break;
            case Xxh3Width.Vector128: StripeCopy.NonTemporal<Xxh3Lanes128>(rows); break;
            default: CopyPlain(rows); break;
        }
    }

    private static void CopyPlain(in CopyRows rows)
    {
        for (int row = 0; row < rows.Rows; row++)
        {
            NativeMemory.Copy(rows.Source + (row * rows.SourceStride), rows.Destination + (row * rows.DestinationStride),
                (nuint)rows.RowBytes);
        }
    }
}
