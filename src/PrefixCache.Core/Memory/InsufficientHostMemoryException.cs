namespace PrefixCache.Core.Memory;

/// <summary>An arena was asked for that does not fit into the memory this process may take. Nothing was taken.</summary>
public sealed class InsufficientHostMemoryException : Exception
{
    /// <param name="askedBytes">Bytes asked for.</param>
    /// <param name="available">What is there, and what limits it.</param>
    /// <param name="usableBytes">Bytes that could be asked for: what is available less the headroom.</param>
    public InsufficientHostMemoryException(long askedBytes, MemoryAvailability available, long usableBytes)
        : base($"The arena needs {askedBytes} bytes, but only {available.Bytes} bytes are available ({available.LimitedBy}), of which "
            + $"{usableBytes} may be used after the headroom. Set the arena's capacity to at most {usableBytes} bytes, raise that limit, "
            + "or stop what else uses the memory.")
    {
        AskedBytes = askedBytes;
        Available = available;
        UsableBytes = usableBytes;
    }

    /// <summary>Bytes asked for.</summary>
    public long AskedBytes { get; }

    /// <summary>What is available, and by which limit.</summary>
    public MemoryAvailability Available { get; }

    /// <summary>The largest capacity that would have been accepted, in bytes.</summary>
    public long UsableBytes { get; }
}
