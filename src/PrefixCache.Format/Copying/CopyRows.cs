namespace PrefixCache.Format.Copying;

/// <summary>Equally long pieces at equal distances, on both sides of a copy: the heads of a token, or the tokens of a page.</summary>
/// <remarks>Owns nothing. Source and destination must not overlap.</remarks>
/// <param name="source">First byte to read.</param>
/// <param name="sourceStride">Bytes from the beginning of a piece to that of the next, in the source.</param>
/// <param name="destination">First byte to write.</param>
/// <param name="destinationStride">Bytes from the beginning of a piece to that of the next, in the destination.</param>
/// <param name="rowBytes">Bytes of a piece.</param>
/// <param name="rows">Number of pieces.</param>
public readonly unsafe struct CopyRows(
    byte* source, nint sourceStride, byte* destination, nint destinationStride, int rowBytes, int rows)
{
    /// <summary>A single piece.</summary>
    public CopyRows(byte* source, byte* destination, int bytes)
        : this(source, 0, destination, 0, bytes, 1)
    {
    }

    public byte* Source => source;

    public nint SourceStride => sourceStride;

    public byte* Destination => destination;

    /// <summary>0 where there is one piece: then it says nothing about alignment.</summary>
    public nint DestinationStride { get; } = rows == 1 ? 0 : destinationStride;

    public int RowBytes => rowBytes;

    public int Rows => rows;
}
