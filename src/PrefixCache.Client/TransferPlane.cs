namespace PrefixCache.Client;

/// <summary>How payload moves between the node and this process.</summary>
public enum TransferPlane
{
    /// <summary>Through the gRPC connection, from any host.</summary>
    Stream,

    /// <summary>Copied from and to the node's memory, which this process maps.</summary>
    SharedMemory,

    /// <summary>Copied by a device between the node's memory on it and this process's.</summary>
    Device,
}
