namespace PrefixCache.Client;

/// <summary>Out of which of the node's memories a hit is retrieved.</summary>
public enum TransferSource
{
    /// <summary>Into memory of a device: out of that device's where a chunk lies there, else out of the host's. Into host memory: the
    /// host's.</summary>
    Any,

    /// <summary>Never out of a device's memory.</summary>
    Host,

    /// <summary>Only out of the memory of this process's device: the result ends in front of the first chunk that does not lie there. To
    /// measure and to check.</summary>
    Device,
}
