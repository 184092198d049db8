namespace PrefixCache.Grpc.Headers;

/// <summary>Turns received header fields into metadata.</summary>
internal static class HeaderFields
{
    /// <summary>Adds the values of one field, unless the field belongs to the protocol. Binary values may be joined by commas.</summary>
    public static void AddTo(Metadata metadata, string name, IEnumerable<string?> values)
    {
        if (MetadataRules.IsReserved(name))
            return;
#pragma warning disable CA1308 // HTTP/2 field names are lower case on the wire; the HTTP stack gives well-known ones in its own spelling.
        var key = name.ToLowerInvariant();
#pragma warning restore CA1308
        foreach (var value in values)
        {
            if (value is null)
                continue;
            if (!MetadataRules.IsBinaryKey(key) || !value.Contains(',', StringComparison.Ordinal))
            {
                metadata.AddReceived(key, value);
                continue;
            }

            foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
                metadata.AddReceived(key, part);
        }
    }
}
