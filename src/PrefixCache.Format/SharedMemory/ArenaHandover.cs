using System.Buffers.Binary;
using PrefixCache.Format.Devices;

namespace PrefixCache.Format.SharedMemory;

/// <summary>
/// What a worker and the node say to each other on the socket that hands out the node's memory: a request, a reply. Little-endian.
/// </summary>
/// <remarks>docs/shared-memory.md has the table of every byte.</remarks>
public static class ArenaHandover
{
    /// <summary>The bytes <c>PFXARENA</c>, read as a little-endian u64.</summary>
    public const ulong Magic = 0x414E_4552_4158_4650;

    public const uint VersionMajor = 1;

    public const uint VersionMinor = 1;

    /// <summary>Bytes of a request.</summary>
    public const int RequestBytes = 40;

    /// <summary>Bytes of a session.</summary>
    public const int SessionBytes = 16;

    /// <summary>Bytes of a reply before its text.</summary>
    public const int ReplyBytes = 60;

    /// <summary>Most bytes of a reply's text.</summary>
    public const int MaxTextBytes = 1024;

    /// <summary>
    /// Descriptors that a granting reply carries: the control region, then the payload; the first alone where a handle names the payload.
    /// </summary>
    public const int Descriptors = 2;

    private const int SessionOffset = 16;
    private const int DeviceOffset = 32;
    private const uint WritableFlag = 1;
    private const uint HandleFlag = 2;

    /// <summary>A request.</summary>
    /// <param name="session">As OpenSession answered it.</param>
    /// <param name="device">0 = the arena in host memory; n = the n-th of SessionOpened.devices, counted from 1.</param>
    public static byte[] Request(ReadOnlySpan<byte> session, int device = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(session.Length, SessionBytes, nameof(session));
        ArgumentOutOfRangeException.ThrowIfNegative(device);
        var request = new byte[RequestBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(request, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(8), VersionMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(12), VersionMinor);
        session.CopyTo(request.AsSpan(SessionOffset));
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(DeviceOffset), device);
        return request;
    }

    /// <summary>What a request names; false when it is no request that this version understands.</summary>
    /// <param name="device">0 = the arena in host memory; n = the n-th of SessionOpened.devices, counted from 1, if there are as
    /// many.</param>
    public static bool TryReadRequest(ReadOnlySpan<byte> request, out ReadOnlySpan<byte> session, out int device)
    {
        session = default;
        device = 0;
        if (request.Length != RequestBytes || BinaryPrimitives.ReadUInt64LittleEndian(request) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(request[8..]) != VersionMajor) return false;
        session = request.Slice(SessionOffset, SessionBytes);
        // No node has as many devices as fit: what is beyond an int is one that it lacks.
        device = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(request[DeviceOffset..]), int.MaxValue);
        return true;
    }

    /// <summary>A reply.</summary>
    public static byte[] Reply(in ArenaReply reply)
    {
        var text = reply.Handle ?? System.Text.Encoding.UTF8.GetBytes(reply.Text);
        var length = Math.Min(text.Length, MaxTextBytes);
        var bytes = new byte[ReplyBytes + length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), reply.IsGranted ? 0u : 1u);
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(12), (reply.IsWritable ? WritableFlag : 0) | (reply.Handle is null ? 0 : HandleFlag));
        reply.ArenaId.TryWriteBytes(bytes.AsSpan(16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), reply.ArenaBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), reply.ControlBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(48), length);
        text.AsSpan(0, length).CopyTo(bytes.AsSpan(ReplyBytes));
        return bytes;
    }

    /// <summary>Reads a reply without its text.</summary>
    /// <param name="reply">Where a handle follows in place of the text, <see cref="ArenaReply.Handle"/> is room for it.</param>
    /// <param name="textBytes">How many bytes of text follow, or of the handle.</param>
    public static bool TryReadReply(ReadOnlySpan<byte> bytes, out ArenaReply reply, out int textBytes)
    {
        (reply, textBytes) = (default, 0);
        if (bytes.Length != ReplyBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic) return false;
        textBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[48..]);
        if (textBytes is < 0 or > MaxTextBytes) return false;
        var isGranted = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) == 0;
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var hasHandle = isGranted && (flags & HandleFlag) != 0;
        if (hasHandle && textBytes != DeviceShare.HandleBytes) return false;
        reply = new ArenaReply(
            isGranted,
            (flags & WritableFlag) != 0,
            new Guid(bytes.Slice(16, 16), bigEndian: true),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            "")
        {
            Handle = hasHandle ? new byte[DeviceShare.HandleBytes] : null,
        };
        return true;
    }
}
