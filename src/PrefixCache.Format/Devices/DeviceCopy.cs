namespace PrefixCache.Format.Devices;

/// <summary>A copy of equally long rows at equal distances on both sides; one row is a plain copy.</summary>
/// <param name="Kind">Which of the addresses are the device's.</param>
/// <param name="Source">First byte to read.</param>
/// <param name="Destination">First byte to write. Source and destination do not overlap.</param>
/// <param name="RowBytes">Bytes of a row, above 0.</param>
public readonly record struct DeviceCopy(DeviceCopyKind Kind, ulong Source, ulong Destination, long RowBytes)
{
    /// <summary>Number of rows.</summary>
    public int Rows { get; init; } = 1;

    /// <summary>Bytes from a row to the next in the source, no less than a row; says nothing where there is one.</summary>
    public long SourcePitch { get; init; } = RowBytes;

    /// <summary>The same in the destination.</summary>
    public long DestinationPitch { get; init; } = RowBytes;

    /// <summary>Bytes that are copied.</summary>
    public long Bytes => RowBytes * Rows;
}
