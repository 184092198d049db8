namespace PrefixCache.Grpc.Headers;

/// <summary>The base64 form that <c>-bin</c> metadata takes on the wire.</summary>
internal static class BinaryValue
{
    /// <summary>Encodes without padding, as the protocol asks senders to.</summary>
    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>Decodes with or without padding.</summary>
    /// <exception cref="FormatException">The text is not base64.</exception>
    public static byte[] Decode(string value)
    {
        var text = value.AsSpan().TrimEnd('=');
        if (text.Length % 4 == 1)
            throw new FormatException("Binary metadata is not base64: its length leaves a remainder of one character.");
        return Convert.FromBase64String(string.Concat(text, "==".AsSpan(0, (4 - (text.Length % 4)) % 4)));
    }
}
