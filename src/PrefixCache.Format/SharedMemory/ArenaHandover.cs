using System.Buffers.Binary;

namespace PrefixCache.Format.SharedMemory;

/// <summary>
/// What a worker and the node say to each other on the socket that hands out the arena: a request, a reply. Little-endian.
/// </summary>
/// <remarks>docs/shared-memory.md has the table of every byte.</remarks>
public static class ArenaHandover
{
    /// <summary>The bytes <c>PFXARENA</c>, read as a little-endian u64.</summary>
    public const ulong Magic = 0x414E_4552_4158_4650;

    public const uint VersionMajor = 1;

    public const uint VersionMinor = 0;

    /// <summary>Bytes of a request.</summary>
    public const int RequestBytes = 40;

    /// <summary>Bytes of a session.</summary>
    public const int SessionBytes = 16;

    /// <summary>Bytes of a reply before its text.</summary>
    public const int ReplyBytes = 60;

    /// <summary>Most bytes of a reply's text.</summary>
    public const int MaxTextBytes = 1024;

    /// <summary>Descriptors that a granting reply carries: the control region, then the payload.</summary>
    public const int Descriptors = 2;

    private const int SessionOffset = 16;
    private const uint WritableFlag = 1;

    /// <summary>A request.</summary>
    /// <param name="session">As OpenSession answered it.</param>
    public static byte[] Request(ReadOnlySpan<byte> session)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(session.Length, SessionBytes, nameof(session));
        var request = new byte[RequestBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(request, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(8), VersionMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(12), VersionMinor);
        session.CopyTo(request.AsSpan(SessionOffset));
        return request;
    }

    /// <summary>The session that a request names; false when it is no request that this version understands.</summary>
    public static bool TryReadRequest(ReadOnlySpan<byte> request, out ReadOnlySpan<byte> session)
    {
        session = default;
        if (request.Length != RequestBytes || BinaryPrimitives.ReadUInt64LittleEndian(request) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(request[8..]) != VersionMajor) return false;
        session = request.Slice(SessionOffset, SessionBytes);
        return true;
    }

    /// <summary>A reply.</summary>
    public static byte[] Reply(in ArenaReply reply)
    {
        var text = System.Text.Encoding.UTF8.GetBytes(reply.Text);
        var length = Math.Min(text.Length, MaxTextBytes);
        var bytes = new byte[ReplyBytes + length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), reply.IsGranted ? 0u : 1u);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), reply.IsWritable ? WritableFlag : 0);
        reply.ArenaId.TryWriteBytes(bytes.AsSpan(16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), reply.ArenaBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), reply.ControlBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(48), length);
        text.AsSpan(0, length).CopyTo(bytes.AsSpan(ReplyBytes));
        return bytes;
    }

    /// <summary>Reads a reply without its text.</summary>
    /// <param name="textBytes">How many bytes of text follow.</param>
    public static bool TryReadReply(ReadOnlySpan<byte> bytes, out ArenaReply reply, out int textBytes)
    {
        (reply, textBytes) = (default, 0);
        if (bytes.Length != ReplyBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic) return false;
        textBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[48..]);
        if (textBytes is < 0 or > MaxTextBytes) return false;
        reply = new ArenaReply(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) == 0,
            (BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) & WritableFlag) != 0,
            new Guid(bytes.Slice(16, 16), bigEndian: true),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            "");
        return true;
    }
}
