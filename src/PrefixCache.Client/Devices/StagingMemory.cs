using System.Runtime.InteropServices;
using PrefixCache.Client.Memory;
using PrefixCache.Client.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Devices;

/// <summary>Host memory for some tokens on their way between a device and a stream: [segment][tokens][bytes per token].</summary>
/// <remarks>Belongs to one transfer. Stays in its place.</remarks>
internal sealed class StagingMemory(ShardShape shape, int capacityTokens) : IKvMemory
{
    private readonly byte[] _memory = GC.AllocateUninitializedArray<byte>(shape.PayloadBytes(capacityTokens), pinned: true);

    /// <summary>The first token that it has now, counted in the sequence.</summary>
    public int FirstToken { get; private set; }

    /// <summary>Tokens that it has now.</summary>
    public int Tokens { get; private set; }

    /// <summary>Makes room for other tokens.</summary>
    /// <param name="tokens">At most the capacity.</param>
    public void Begin(int firstToken, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, capacityTokens);
        (FirstToken, Tokens) = (firstToken, tokens);
    }

    public KvTile GetTile(int segment, int firstToken, int tokens)
    {
        var bytes = shape.SegmentBytesPerToken(segment);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstToken - FirstToken, Tokens - tokens, nameof(tokens));
        return KvTile.Contiguous(_memory.AsMemory(Offset(segment, firstToken), tokens * bytes), bytes);
    }

    /// <summary>Copies the first tokens that it has to the device, or all from there; returns when they are in place.</summary>
    /// <param name="up">To the device.</param>
    /// <exception cref="Format.Devices.DeviceException">The device fails.</exception>
    public void Copy(CopyLane lane, IDeviceKvMemory memory, int tokens, bool up)
    {
        for (var segment = 0; segment < shape.Segments; segment++)
        {
            var run = new SegmentTokens(segment, FirstToken, tokens, shape.SegmentBytesPerToken(segment));
            var flat = (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, Offset(segment, FirstToken));
            DeviceTileCopy.Plan(lane.Batch, lane.Kind, flat, memory, run, intoTiles: up);
        }

        lane.Queue();
        lane.Wait();
    }

    private int Offset(int segment, int token) =>
        shape.SegmentOffset(segment, Tokens) + ((token - FirstToken) * shape.SegmentBytesPerToken(segment));
}
