using System.Collections;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.Grpc;

/// <summary>Ordered header or trailer metadata of a call; a key may occur several times.</summary>
/// <remarks>Not thread-safe. Keys are stored in lower case. Binary values are kept in their wire form and decoded when asked for.</remarks>
public sealed class Metadata : IEnumerable<MetadataEntry>
{
    private readonly List<MetadataEntry> _entries = [];

    /// <summary>How many entries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Bytes that the entries take on the wire, names and values.</summary>
    internal int WireBytes { get; private set; }

    /// <summary>Adds a text value.</summary>
    /// <param name="key">Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>; must not end in <c>-bin</c> nor start with <c>grpc-</c>.</param>
    /// <param name="value">Printable ASCII.</param>
    /// <exception cref="ArgumentException">The key or value cannot travel as metadata.</exception>
    public void Add(string key, string value)
    {
        var normalized = MetadataRules.NormalizeKey(key);
        if (MetadataRules.IsBinaryKey(normalized))
            throw new ArgumentException($"The metadata key '{key}' ends in -bin: give its value as bytes.", nameof(key));
        MetadataRules.ThrowIfNotText(normalized, value);
        AddReceived(normalized, value);
    }

    /// <summary>Adds a binary value.</summary>
    /// <param name="key">As for text, but ending in <c>-bin</c>.</param>
    /// <param name="value">Any bytes; copied.</param>
    /// <exception cref="ArgumentException">The key does not end in <c>-bin</c> or cannot travel as metadata.</exception>
    public void Add(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var normalized = MetadataRules.NormalizeKey(key);
        if (!MetadataRules.IsBinaryKey(normalized))
            throw new ArgumentException($"The metadata key '{key}' does not end in -bin: give its value as text.", nameof(key));
        AddReceived(normalized, BinaryValue.Encode(value));
    }

    /// <summary>The last text value of a key; null when there is none.</summary>
    /// <param name="key">Compared without regard to case.</param>
    public string? GetValue(string key) => Find(key)?.Value;

    /// <summary>The last binary value of a key; null when there is none.</summary>
    /// <param name="key">Compared without regard to case; ends in <c>-bin</c>.</param>
    /// <exception cref="FormatException">The peer sent something that is not base64.</exception>
    public byte[]? GetBytes(string key) => Find(key) is { } entry ? BinaryValue.Decode(entry.Value) : null;

    /// <inheritdoc/>
    public IEnumerator<MetadataEntry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Adds without a check: what a peer sent has passed the HTTP layer's checks already.</summary>
    internal void AddReceived(string key, string value)
    {
        _entries.Add(new MetadataEntry(key, value));
        WireBytes += key.Length + value.Length;
    }

    private MetadataEntry? Find(string key)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (string.Equals(_entries[i].Key, key, StringComparison.OrdinalIgnoreCase))
                return _entries[i];
        }

        return null;
    }
}
