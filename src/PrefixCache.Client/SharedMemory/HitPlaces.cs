using PrefixCache.Client.Devices;

namespace PrefixCache.Client.SharedMemory;

/// <summary>Where the chunks of one shard of a hit lie, as far as this process can reach them.</summary>
/// <param name="Host">In host memory; null = the node does not say.</param>
/// <param name="Device">In the memory of this process's device; null = nowhere.</param>
internal sealed record HitPlaces(HitExtents? Host, DeviceHitExtents? Device);
