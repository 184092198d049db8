using System.Buffers;

namespace PrefixCache.Grpc.Framing;

/// <summary>Where one field of a protobuf message starts and ends, read without parsing the field.</summary>
/// <remarks>See the encoding page of the Protocol Buffers documentation. Groups do not occur in proto3 and are refused.</remarks>
internal readonly record struct FieldHead(int Number, bool IsLengthDelimited, int HeadLength, long BodyLength)
{
    /// <summary>Bytes that always hold a field's tag and length: a tag of 5 and a varint of 10.</summary>
    public const int MaxLength = 15;

    /// <summary>The bytes of the whole field.</summary>
    public long TotalLength => HeadLength + BodyLength;

    /// <summary>Reads the head of the field at the start of <paramref name="bytes"/>; false when it is malformed or cut off.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> bytes, out FieldHead head)
    {
        Span<byte> window = stackalloc byte[MaxLength];
        window = window[..(int)Math.Min(MaxLength, bytes.Length)];
        bytes.Slice(0, window.Length).CopyTo(window);

        head = default;
        if (!TryReadVarint(window, 5, out var tag, out var tagLength) || tag > uint.MaxValue || tag >> 3 == 0)
            return false;

        var number = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                head = new FieldHead(number, false, tagLength, 0);
                if (!TryReadVarint(window[tagLength..], 10, out _, out var valueLength))
                    return false;
                head = head with { BodyLength = valueLength };
                return true;
            case 1:
                head = new FieldHead(number, false, tagLength, 8);
                return true;
            case 2:
                if (!TryReadVarint(window[tagLength..], 10, out var length, out var lengthLength) || length > int.MaxValue)
                    return false;
                head = new FieldHead(number, true, tagLength + lengthLength, (long)length);
                return true;
            case 5:
                head = new FieldHead(number, false, tagLength, 4);
                return true;
            default:
                return false;
        }
    }

    private static bool TryReadVarint(ReadOnlySpan<byte> bytes, int maxLength, out ulong value, out int length)
    {
        value = 0;
        for (length = 0; length < bytes.Length && length < maxLength;)
        {
            var next = bytes[length];
            value |= (ulong)(next & 0x7f) << (7 * length++);
            if (next < 0x80)
                return true;
        }

        return false;
    }
}
