using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.Devices;

/// <summary>What a session has for copies of this process's device.</summary>
/// <param name="Host">The node's arena in host memory.</param>
/// <param name="Arena">The node's arena in the device's memory; null where it has none, or does not hand it out.</param>
internal sealed record DeviceSession(RegisteredArena Host, DeviceArenaView? Arena);
