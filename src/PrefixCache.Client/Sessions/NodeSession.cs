using Google.Protobuf;
using PrefixCache.Client.Devices;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Sessions;

/// <summary>One open session with the node. What was granted under it ends with it.</summary>
internal sealed class NodeSession
{
    private volatile bool _isLost;

    public NodeSession(SessionOpened opened, ArenaView? arena, DeviceSession? device = null)
    {
        Id = opened.Session;
        MaxTokens = (int)Math.Min(opened.MaxTokens, int.MaxValue);
        MaxPayloadBytes = (int)Math.Min(opened.MaxPayloadBytes, 1 << 20);
        Arena = arena;
        Device = device;
    }

    public ByteString Id { get; }

    public int MaxTokens { get; }

    /// <summary>Most payload bytes that this client puts into one message.</summary>
    public int MaxPayloadBytes { get; }

    /// <summary>The node's memory, mapped by this process; null = payload travels in streams. Owned by the client's <see
    /// cref="SharedMemory.ArenaKeeper"/>.</summary>
    public ArenaView? Arena { get; }

    /// <summary>What this process's device can copy from and to; null = nothing is shared, or there is no device. Owned by the client's
    /// <see cref="DevicePlane"/>.</summary>
    public DeviceSession? Device { get; }

    public bool IsLost => _isLost;

    public void Lose() => _isLost = true;
}
