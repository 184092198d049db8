namespace PrefixCache.Grpc;

/// <summary>One key with its value: text, or bytes where the key ends in <c>-bin</c>.</summary>
/// <param name="Key">Lower-case key.</param>
/// <param name="Value">The text, or the base64 form of a binary value as it stands on the wire (unpadded).</param>
public readonly record struct MetadataEntry(string Key, string Value)
{
    /// <summary>Whether the value is binary, that is whether the key ends in <c>-bin</c>.</summary>
    public bool IsBinary => Key.EndsWith("-bin", StringComparison.Ordinal);
}
