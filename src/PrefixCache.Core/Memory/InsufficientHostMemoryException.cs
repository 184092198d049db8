namespace PrefixCache.Core.Memory;

/// <summary>An arena was asked for that does not fit into the memory this process may take. Nothing was taken.</summary>
public sealed class InsufficientHostMemoryException : Exception
{
    /// <param name="askedBytes">Bytes asked for.</param>
    /// <param name="available">What is there, and what limits it.</param>
    /// <param name="usableBytes">Bytes that could be asked for: what is available less the headroom.</param>
    public InsufficientHostMemoryException(long askedBytes, MemoryAvailability available, long usableBytes)
        : base($"A capacity of {MiB(askedBytes)} does not fit into memory: {MiB(available.Bytes)} are available "
            + $"({available.LimitedBy}), and with headroom for everything else at most {MiB(usableBytes)} may be taken. "
            + $"Set the capacity to {MiB(usableBytes)} or less, raise that limit, or stop what else uses the memory.")
    {
        AskedBytes = askedBytes;
        Available = available;
        UsableBytes = usableBytes;
    }

    /// <param name="askedBytes">Bytes asked for, whole pages.</param>
    /// <param name="pool">The huge pages that were to be taken.</param>
    public InsufficientHostMemoryException(long askedBytes, HugePagePool pool)
        : base(pool.Refusal(askedBytes))
    {
        AskedBytes = askedBytes;
        Available = new MemoryAvailability(pool.FreeBytes, pool.Path);
        UsableBytes = pool.FreeBytes;
    }

    private static string MiB(long bytes) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes >> 20}MiB");

    /// <summary>Bytes asked for.</summary>
    public long AskedBytes { get; }

    /// <summary>What is available, and by which limit.</summary>
    public MemoryAvailability Available { get; }

    /// <summary>The largest capacity that would have been accepted, in bytes.</summary>
    public long UsableBytes { get; }
}
