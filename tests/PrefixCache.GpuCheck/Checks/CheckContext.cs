using PrefixCache.Format.Devices;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>What all checks are made on.</summary>
/// <param name="Device">The first one.</param>
/// <param name="IsQuick">Fewer rounds.</param>
internal sealed record CheckContext(DeviceIdentity Device, bool IsQuick)
{
    /// <summary>Of which the median counts.</summary>
    public int Rounds => IsQuick ? 2 : 21;

    /// <summary>Chunks that go up, and as many that come down, without a byte less afterwards.</summary>
    public int SmallMoves => IsQuick ? 640 : 10_000;

    /// <summary>Fresh nodes that get a prompt from Redis.</summary>
    public int FreshNodes => IsQuick ? 1 : 5;
}
