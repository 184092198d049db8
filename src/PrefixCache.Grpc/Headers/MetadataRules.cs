using System.Buffers;

namespace PrefixCache.Grpc.Headers;

/// <summary>Which keys and values may travel as metadata, and which header fields are the protocol's own.</summary>
internal static class MetadataRules
{
    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    public static bool IsBinaryKey(string key) => key.EndsWith("-bin", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a header field belongs to the protocol or the transport and is not metadata.</summary>
    public static bool IsReserved(string key) =>
        key.StartsWith(':')
        || key.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase)
        || key.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || key.Equals("content-length", StringComparison.OrdinalIgnoreCase)
        || key.Equals("te", StringComparison.OrdinalIgnoreCase)
        || key.Equals("host", StringComparison.OrdinalIgnoreCase)
        || key.Equals("accept-encoding", StringComparison.OrdinalIgnoreCase);

    public static string NormalizeKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
#pragma warning disable CA1308 // HTTP/2 field names are lower case on the wire.
        var normalized = key.ToLowerInvariant();
#pragma warning restore CA1308
        if (normalized.AsSpan().ContainsAnyExcept(KeyCharacters))
            throw new ArgumentException(
                $"The metadata key '{key}' has characters other than letters, digits, '-', '_' and '.'.", nameof(key));
        if (IsReserved(normalized))
            throw new ArgumentException($"The metadata key '{key}' is reserved by gRPC.", nameof(key));
        return normalized;
    }

    public static void ThrowIfNotText(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException(
                $"The value of metadata '{key}' is not printable ASCII: use a key that ends in -bin.", nameof(value));
    }
}
