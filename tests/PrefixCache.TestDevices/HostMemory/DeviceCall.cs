namespace PrefixCache.TestDevices.HostMemory;

/// <summary>What can be made to fail.</summary>
public enum DeviceCall
{
    Open,
    Allocate,
    Import,
    Export,
    OpenStream,

    /// <summary>Queueing a copy.</summary>
    Copy,

    /// <summary>A copy that was queued: who waits for it is told.</summary>
    RunCopy,
    Record,
    Register,
    Unregister,
}
