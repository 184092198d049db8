using System.Globalization;
using System.Text;

namespace PrefixCache.Grpc.Headers;

/// <summary>Percent-encoding of <c>grpc-message</c>: UTF-8, with everything but printable ASCII and <c>%</c> escaped.</summary>
internal static class StatusMessage
{
    /// <summary>Longest encoded message in bytes; it counts against the header limits of the peer.</summary>
    public const int MaxEncodedLength = 1024;

    /// <summary>Encodes; what does not fit is cut off between characters.</summary>
    public static string Encode(string message)
    {
        if (message.Length <= MaxEncodedLength && !message.AsSpan().ContainsAnyExceptInRange(' ', '~')
            && !message.Contains('%', StringComparison.Ordinal))
            return message;

        var encoded = new StringBuilder(Math.Min(MaxEncodedLength, message.Length * 3));
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in message.EnumerateRunes())
        {
            var count = rune.EncodeToUtf8(bytes);
            var plain = count == 1 && bytes[0] is >= 0x20 and <= 0x7e and not (byte)'%';
            if (encoded.Length + (plain ? 1 : 3 * count) > MaxEncodedLength)
                break;
            if (plain)
                encoded.Append((char)bytes[0]);
            else
                AppendEscaped(encoded, bytes[..count]);
        }

        return encoded.ToString();
    }

    /// <summary>Decodes; a malformed escape stays as it is, for an odd message is better than none.</summary>
    public static string Decode(string encoded)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal))
            return encoded;

        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(encoded.Length)];
        var count = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%' && i + 2 < encoded.Length
                && byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes[count++] = value;
                i += 2;
            }
            else
            {
                count += Encoding.UTF8.GetBytes(encoded.AsSpan(i, 1), bytes.AsSpan(count));
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, count);
    }

    private static void AppendEscaped(StringBuilder encoded, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            encoded.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
    }
}
