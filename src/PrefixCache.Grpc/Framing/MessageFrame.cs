using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace PrefixCache.Grpc.Framing;

/// <summary>
/// The five bytes before every message (compressed flag, big-endian length), and the message up to its payload's first byte.
/// </summary>
internal static class MessageFrame
{
    public const int HeaderLength = 5;

    private const int LengthDelimited = 2;

    /// <summary>Splits a frame header.</summary>
    public static (byte Flag, uint Length) Read(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        return (header[0], BinaryPrimitives.ReadUInt32BigEndian(header[1..]));
    }

    /// <summary>Writes everything of a message but the bytes of its payload.</summary>
    /// <exception cref="RpcException">The message is longer than a frame can say.</exception>
    public static void WriteHead(IBufferWriter<byte> output, IMessage message, int payloadField, long payloadLength)
    {
        Span<byte> payloadHead = stackalloc byte[10];
        var headLength = payloadLength == 0 ? 0 : WritePayloadHead(payloadHead, payloadField, payloadLength);
        var messageLength = message.CalculateSize();
        var total = messageLength + headLength + payloadLength;
        if (total > int.MaxValue)
            throw new RpcException(
                StatusCode.ResourceExhausted, $"A message of {total} bytes is too long for one frame: split its payload.");

        var header = output.GetSpan(HeaderLength);
        header[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)total);
        output.Advance(HeaderLength);
        if (messageLength > 0)
            message.WriteTo(output);
        output.Write(payloadHead[..headLength]);
    }

    private static int WritePayloadHead(Span<byte> destination, int field, long length)
    {
        var written = WriteVarint(destination, ((ulong)(uint)field << 3) | LengthDelimited);
        return written + WriteVarint(destination[written..], (ulong)length);
    }

    private static int WriteVarint(Span<byte> destination, ulong value)
    {
        var count = 0;
        while (value >= 0x80)
        {
            destination[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[count++] = (byte)value;
        return count;
    }
}
