using System.Globalization;
using System.Text.Json;
using PrefixCache.Core.Replay.Recording;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>Lines that a node wrote (<see cref="RecordLine"/>).</summary>
/// <remarks>
/// A node that starts again draws a new secret, so its hashes have nothing to do with those before: its namespaces are new ones, and lines
/// of two nodes may stand in one file. A line that a killed node left cut off is left out.
/// </remarks>
internal sealed class RecordReader(TraceBuilder builder) : TraceReader(builder)
{
    private const int HashDigits = 16;

    private long _hits;

    public override void Read(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var entry = new Entry { Start = Builder.Mark() };
        Begin(ref json);
        while (TryNext(ref json, out var name)) ReadField(ref json, name, ref entry);
        if (entry.IsOther) return;
        if (entry.IsRepeat)
        {
            Builder.Rewind(entry.Start);
            Builder.Skipped++;
            return;
        }

        if (entry.Tokens == 0) throw new TraceFault($"{RecordLine.Tokens} is missing: the prompt's length");
        if (entry.ChunkTokens == 0) throw new TraceFault($"{RecordLine.ChunkTokens} is missing: tokens of a whole chunk");
        var expected = ChunkPosition.Count(entry.Tokens, entry.ChunkTokens);
        if (entry.Names.Count != expected)
            throw new TraceFault($"{entry.Names.Count} chunks, but {entry.Tokens} tokens are {expected} of {entry.ChunkTokens}");
        var space = Builder.Namespace($"{entry.Namespace}/{entry.ChunkTokens}");
        foreach (var chunk in entry.Names) Builder.Unit(Builder.Block(space, chunk));
        Builder.Add(new TraceRequest(entry.Time, entry.Tokens, 0, space, entry.ChunkTokens), entry.Start, expected);
        _hits += entry.Hit;
    }

    public override bool MayLackLineBefore(ReadOnlySpan<byte> next) => next.IsEmpty || RecordLine.IsHeader(next);

    public override ReplayTrace Finish(string file)
    {
        Builder.RecordedHitTokens = _hits;
        return Builder.Build(file, TraceFormat.Record, 0);
    }

    private void ReadField(ref Utf8JsonReader json, string name, ref Entry entry)
    {
        switch (name)
        {
            case RecordLine.Version:
                if (Integer(ref json, name, 1, int.MaxValue) is > RecordLine.CurrentVersion and var version)
                    throw new TraceFault($"the record has version {version}, this program reads {RecordLine.CurrentVersion}: use a newer one");
                entry.IsOther = true;
                break;
            case RecordLine.Dropped:
                Builder.Dropped += Integer(ref json, name, 0, long.MaxValue);
                entry.IsOther = true;
                break;
            case RecordLine.Timestamp:
                entry.Time = Time(ref json);
                break;
            case RecordLine.Namespace:
                entry.Namespace = json.GetString() ?? "";
                break;
            case RecordLine.ChunkTokens:
                entry.ChunkTokens = (int)Integer(ref json, name, 1, int.MaxValue);
                break;
            case RecordLine.Tokens:
                entry.Tokens = (int)Integer(ref json, name, 1, int.MaxValue);
                break;
            case RecordLine.HitTokens:
                entry.Hit = Integer(ref json, name, 0, int.MaxValue);
                break;
            case RecordLine.Repeat:
                entry.IsRepeat = json.TokenType == JsonTokenType.True;
                break;
            case RecordLine.Chunks:
                Array(ref json, name);
                while (json.Read() && json.TokenType != JsonTokenType.EndArray) entry.Names.Add(Hash(ref json));
                break;
            default:
                json.Skip();
                break;
        }
    }

    private static ulong Hash(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.String && json.ValueSpan.Length == HashDigits
        && ulong.TryParse(json.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash)
            ? hash
            : throw new TraceFault($"a chunk is {Shown(ref json)}: {HashDigits} hexadecimal digits are needed");

    private struct Entry
    {
        public Entry()
        {
        }

        public int Start;
        public long Time;
        public string Namespace = "";
        public int ChunkTokens;
        public int Tokens;
        public long Hit;
        public bool IsRepeat;
        public bool IsOther;
        public List<ulong> Names = [];
    }
}
