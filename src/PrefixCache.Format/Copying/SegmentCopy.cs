using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using PrefixCache.Format.Hashing;
using static PrefixCache.Format.Hashing.Xxh3Long;

namespace PrefixCache.Format.Copying;

/// <summary>Copies a segment piece by piece and hashes it on the way, so that the hash costs no second pass over memory.</summary>
/// <remarks>
/// Pieces come in the segment's order (tokens, and within a token its heads), from and to wherever they lie. All sizes and alignments are
/// right; fast are pieces of multiples of 64 bytes (<see cref="PayloadCopy"/> says when stores go past the caches). Every byte is read
/// once, so the hash is that of the bytes that were written, even where somebody changes the source meanwhile. One thread at a time; a
/// copy of the struct is a hash of its own. Allocates nothing.
/// </remarks>
public unsafe struct SegmentCopy
{
    private readonly int _bytes;
    private readonly Xxh3Width _width;
    private int _position;
    private fixed ulong _lanes[Lanes];
    private fixed byte _held[Xxh3.MaxShortLength];

    /// <param name="segmentBytes">Bytes of the whole segment: XXH3 treats the last ones on their own.</param>
    public SegmentCopy(int segmentBytes)
        : this(segmentBytes, Xxh3.PreferredWidth)
    {
    }

    internal SegmentCopy(int segmentBytes, Xxh3Width width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(segmentBytes);
        _bytes = segmentBytes;
        _width = width;
        fixed (ulong* lanes = _lanes) Begin(lanes);
    }

    private readonly bool IsShort => _bytes <= Xxh3.MaxShortLength;

    /// <summary>
    /// Bytes that are hashed as they come. What is behind them is held until the end: all of a short segment; of a long one the last
    /// regular stripe and the rest, 65 to 128 bytes, because XXH3's final 64 bytes overlap both.
    /// </summary>
    private readonly int StreamedBytes => IsShort ? 0 : (int)(RegularStripes((uint)_bytes) - 1) * StripeLength;

    /// <summary>Copies the segment's next bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the segment has left; nothing was copied.</exception>
    public void Append(byte* source, byte* destination, int bytes) => Append(new CopyRows(source, destination, bytes));

    /// <summary>Copies the segment's next bytes, which lie in pieces.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the segment has left; nothing was copied.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Append(in CopyRows rows)
    {
        long end = _position + ((long)rows.RowBytes * rows.Rows);
        if (end > _bytes || rows.RowBytes < 0 || rows.Rows < 0) ThrowTooLong(rows);
        if (end <= StreamedBytes && ((_position | rows.RowBytes) & (StripeLength - 1)) == 0)
        {
            AppendStripes(rows);
            return;
        }

        for (int row = 0; row < rows.Rows; row++)
            AppendRow(rows.Source + (row * rows.SourceStride), rows.Destination + (row * rows.DestinationStride), rows.RowBytes);
    }

    /// <summary>The segment's XXH3-64, the same as <see cref="Xxh3.Hash64(ReadOnlySpan{byte}, ulong)"/> gives. Once, at the end.</summary>
    /// <exception cref="InvalidOperationException">Bytes are missing.</exception>
    public ulong Finish()
    {
        if (_position != _bytes) ThrowTooShort();
        fixed (byte* held = _held, secret = Xxh3Secret.Default)
        fixed (ulong* lanes = _lanes)
        {
            if (IsShort) return Xxh3Short.Hash(held, (uint)_bytes, secret, 0);
            Absorb(held, StreamedBytes / StripeLength, secret, lanes);
            return End(lanes, held + (_bytes - StreamedBytes - StripeLength), (uint)_bytes, secret);
        }
    }

    private void AppendRow(byte* source, byte* destination, int bytes)
    {
        while (bytes > 0)
        {
            int within = _position % StripeLength;
            int streamable = Math.Min(bytes, StreamedBytes - _position);
            int piece;
            if (within == 0 && streamable >= StripeLength)
            {
                piece = streamable & -StripeLength;
                AppendStripes(new CopyRows(source, destination, piece));
            }
            else
            {
                piece = streamable > 0 ? Math.Min(streamable, StripeLength - within) : bytes;
                AppendHeld(source, destination, piece);
            }

            source += piece;
            destination += piece;
            bytes -= piece;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AppendStripes(in CopyRows rows)
    {
        int stripe = _position / StripeLength % StripesPerBlock;
        fixed (byte* secret = Xxh3Secret.Default)
        fixed (ulong* lanes = _lanes)
        {
            switch (_width)
            {
                case Xxh3Width.Vector512: StripeCopy.Hashed<Xxh3Lanes512>(rows, stripe, secret, lanes); break;
                case Xxh3Width.Vector256: StripeCopy.Hashed<Xxh3Lanes256>(rows, stripe, secret, lanes); break;
                case Xxh3Width.Vector128: StripeCopy.Hashed<Xxh3Lanes128>(rows, stripe, secret, lanes); break;
                default: StripeCopy.Hashed<Xxh3LanesScalar>(rows, stripe, secret, lanes); break;
            }
        }

        _position += rows.RowBytes * rows.Rows;
    }

    /// <summary>Copies a part of a stripe, or of the segment's end, by way of the held bytes.</summary>
    private void AppendHeld(byte* source, byte* destination, int bytes)
    {
        bool isEnd = _position >= StreamedBytes;
        int offset = isEnd ? _position - StreamedBytes : _position % StripeLength;
        fixed (byte* held = _held, secret = Xxh3Secret.Default)
        fixed (ulong* lanes = _lanes)
        {
            Unsafe.CopyBlockUnaligned(held + offset, source, (uint)bytes);
            Unsafe.CopyBlockUnaligned(destination, held + offset, (uint)bytes);
            if (!isEnd && offset + bytes == StripeLength) Absorb(held, _position / StripeLength, secret, lanes);
        }

        _position += bytes;
    }

    [DoesNotReturn]
    private readonly void ThrowTooLong(in CopyRows rows) => throw new ArgumentOutOfRangeException(nameof(rows), FormattableString.Invariant(
        $"{rows.Rows} pieces of {rows.RowBytes} bytes do not fit: the segment has {_bytes} bytes, of which {_position} were copied."));

    [DoesNotReturn]
    private readonly void ThrowTooShort() => throw new InvalidOperationException(FormattableString.Invariant(
        $"{_position} of the segment's {_bytes} bytes were copied: append the rest before the hash is asked for."));
}
