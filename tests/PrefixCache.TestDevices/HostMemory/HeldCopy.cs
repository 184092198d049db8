using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>A copy that is queued, and the ranges that it holds.</summary>
/// <param name="Copy">What is copied.</param>
/// <param name="Source">Null = host memory that is not registered.</param>
/// <param name="Destination">Likewise.</param>
internal sealed record HeldCopy(DeviceCopy Copy, MemoryRange? Source, MemoryRange? Destination)
{
    /// <summary>Copies the rows. Who reads or writes the host's side too early sees it.</summary>
    public unsafe void Run()
    {
        for (var row = 0; row < Copy.Rows; row++)
        {
            var source = Copy.Source + (ulong)(row * Copy.SourcePitch);
            var destination = Copy.Destination + (ulong)(row * Copy.DestinationPitch);
            Buffer.MemoryCopy(Pointer(Source, source), Pointer(Destination, destination), Copy.RowBytes, Copy.RowBytes);
        }
    }

    private static unsafe byte* Pointer(MemoryRange? range, ulong address) =>
        range?.Mapping is { } mapping ? mapping.Pointer + (address - range.Start) : (byte*)address;
}
