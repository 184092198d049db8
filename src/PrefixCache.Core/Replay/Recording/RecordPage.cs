using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace PrefixCache.Core.Replay.Recording;

/// <summary>Lines that are written to the file together. Not thread-safe.</summary>
internal sealed class RecordPage(RecordKeys keys)
{
    private const int FullBytes = 1 << 20;
    private const int HashDigits = 16;

    private readonly ArrayBufferWriter<byte> _bytes = new(1 << 16);
    private readonly List<ulong> _names = [];

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    public bool IsFull => _bytes.WrittenCount >= FullBytes;

    public void Clear() => _bytes.ResetWrittenCount();

    public void Add(in LookupRecorder.Entry entry)
    {
        var (name, root) = keys.Namespace(entry.Query);
        var chunkTokens = entry.Query.Layout.ChunkTokens;
        _names.Clear();
        RecordKeys.Chunks(root, entry.Tokens, chunkTokens, _names);
        using (var json = new Utf8JsonWriter(_bytes))
        {
            json.WriteStartObject();
            json.WriteNumber(RecordLine.Timestamp, entry.Time);
            json.WritePropertyName(RecordLine.Namespace);
            WriteHash(json, name);
            json.WriteNumber(RecordLine.ChunkTokens, chunkTokens);
            json.WriteNumber(RecordLine.Tokens, entry.Tokens.Count);
            json.WriteNumber(RecordLine.HitTokens, entry.HitTokens);
            if (entry.IsRepeat) json.WriteBoolean(RecordLine.Repeat, true);
            json.WriteStartArray(RecordLine.Chunks);
            foreach (var chunk in _names) WriteHash(json, chunk);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        _bytes.Write("\n"u8);
    }

    public void AddDropped(long count)
    {
        using (var json = new Utf8JsonWriter(_bytes))
        {
            json.WriteStartObject();
            json.WriteNumber(RecordLine.Dropped, count);
            json.WriteEndObject();
        }

        _bytes.Write("\n"u8);
    }

    private static void WriteHash(Utf8JsonWriter json, ulong hash)
    {
        Span<byte> digits = stackalloc byte[HashDigits];
        hash.TryFormat(digits, out _, "x16", CultureInfo.InvariantCulture);
        json.WriteStringValue(digits);
    }
}
