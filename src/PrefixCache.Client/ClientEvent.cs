namespace PrefixCache.Client;

public enum ClientEventKind
{
    /// <summary>A session is open and every layout is registered.</summary>
    Connected,

    /// <summary>The session is lost; every call is a miss until the client has connected again.</summary>
    Disconnected,

    /// <summary>The node shuts down soon.</summary>
    Draining,

    /// <summary>The node's memory is mapped: payload does not travel.</summary>
    SharedMemory,

    /// <summary>The node offers its memory and this process cannot have it: payload travels in streams.</summary>
    StreamsOnly,

    /// <summary>The node's memory on this process's device is mapped: what lies there is copied within the device.</summary>
    DeviceMemory,

    /// <summary>The device has failed and is left alone, or the node's memory on it cannot be had: payload goes through the
    /// host's.</summary>
    DeviceOff,

    /// <summary>A call failed and was turned into a miss.</summary>
    CallFailed,

    /// <summary>The cache costs more than it saves: every lookup is a miss, without a call, until <see cref="Resumed"/>.</summary>
    Paused,

    /// <summary>The pause is over: lookups ask the node again.</summary>
    Resumed,
}

/// <param name="Kind">What happened.</param>
/// <param name="Operation">The call that failed; empty for the other kinds.</param>
/// <param name="Reason">Why, for people. Holds no tokens or payload.</param>
public sealed record ClientEvent(ClientEventKind Kind, string Operation, string Reason);
