using System.Text.Json;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>Loads a trace; its format is found by its first line.</summary>
public static class TraceFile
{
    /// <summary>Lines between two looks at the progress and the token.</summary>
    private const int LinesPerReport = 256;

    /// <param name="path">JSONL; `.gz` is unpacked.</param>
    /// <param name="format">Null = by the first line.</param>
    /// <param name="limit">Most requests that are read.</param>
    /// <param name="progress">Gets the part that is read, 0 to 1.</param>
    /// <exception cref="TraceException">There is no such file, or one of its lines is faulty: file, line and fault.</exception>
    public static ReplayTrace Load(
        string path, TraceFormat? format = null, int limit = int.MaxValue, Action<double>? progress = null,
        CancellationToken cancellation = default)
    {
        try
        {
            using var lines = new TraceLines(path);
            return Load(lines, path, format, limit, progress, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            var missing = exception is FileNotFoundException or DirectoryNotFoundException;
            throw new TraceException(missing ? $"{path}: there is no such file." : $"{path} cannot be read: {exception.Message}", exception);
        }
    }

    private static ReplayTrace Load(
        TraceLines lines, string path, TraceFormat? format, int limit, Action<double>? progress, CancellationToken cancellation)
    {
        var builder = new TraceBuilder();
        TraceReader? reader = null;
        TraceException? fault = null;
        while (builder.Requests < limit && lines.TryRead(out var line))
        {
            line = line.Trim(" \t\r"u8);
            if (line.IsEmpty) continue;
            var mark = builder.Mark();
            try
            {
                reader ??= Make(format ?? Detect(line), builder);
                Excuse(ref fault, reader, line, builder);
                reader.Read(line);
            }
            catch (Exception exception) when (exception is TraceFault or JsonException or InvalidOperationException)
            {
                builder.Rewind(mark);
                fault = new TraceException(path, lines.Number, Describe(exception));
                if (reader is null) throw fault;
            }

            if (lines.Number % LinesPerReport != 0) continue;
            cancellation.ThrowIfCancellationRequested();
            progress?.Invoke(lines.Done);
        }

        if (reader is not null) Excuse(ref fault, reader, [], builder);
        progress?.Invoke(1);
        return builder.Requests > 0 ? reader!.Finish(path) : throw new TraceException($"{path}: there is no request in it.");
    }

    /// <summary>A fault counts unless what follows explains it.</summary>
    private static void Excuse(ref TraceException? fault, TraceReader reader, ReadOnlySpan<byte> next, TraceBuilder builder)
    {
        if (fault is null) return;
        if (!reader.MayLackLineBefore(next)) throw fault;
        fault = null;
        builder.Skipped++;
    }

    private static TraceReader Make(TraceFormat format, TraceBuilder builder) => format switch
    {
        TraceFormat.Mooncake => new MooncakeReader(builder),
        TraceFormat.Tokens => new TokensReader(builder),
        _ => new RecordReader(builder),
    };

    private static TraceFormat Detect(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new TraceFault("the line is no JSON object");
        var names = new List<string>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            json.Read();
            if (name == "hash_ids") return TraceFormat.Mooncake;
            if (name is Recording.RecordLine.Version or Recording.RecordLine.Chunks) return TraceFormat.Record;
            if (name == "tokens" && json.TokenType == JsonTokenType.StartArray) return TraceFormat.Tokens;
            names.Add(name);
            json.Skip();
        }

        var found = names.Count == 0 ? "it has no names" : $"it has {string.Join(", ", names.Take(8))}";
        throw new TraceFault($"the format is not known: {found}; one of hash_ids (mooncake), tokens (tokens) or "
            + $"{Recording.RecordLine.Version} (record) is needed");
    }

    private static string Describe(Exception exception) => exception switch
    {
        JsonException json => $"this is no JSON (byte {(json.BytePositionInLine ?? 0) + 1} of the line)",
        InvalidOperationException => "a value has another type than it must have",
        _ => exception.Message,
    };
}
