using System.Text.Json;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>Reads the lines of one format into a builder.</summary>
internal abstract class TraceReader(TraceBuilder builder)
{
    protected TraceBuilder Builder { get; } = builder;

    /// <summary>Reads one line, which is not empty.</summary>
    /// <exception cref="TraceFault">What is wrong with it.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public abstract void Read(ReadOnlySpan<byte> line);

    /// <summary>After the last line.</summary>
    public abstract ReplayTrace Finish(string file);

    /// <summary>Whether the lines that could not be read may be left out: the line after them is known, null at the end.</summary>
    public virtual bool MayLackLineBefore(ReadOnlySpan<byte> next) => false;

    /// <summary>Goes to the object's first name.</summary>
    protected static void Begin(ref Utf8JsonReader json)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new TraceFault("the line is no JSON object");
    }

    /// <summary>The next name, standing on its value; false at the object's end.</summary>
    protected static bool TryNext(ref Utf8JsonReader json, out string name)
    {
        name = "";
        json.Read();
        if (json.TokenType != JsonTokenType.PropertyName) return false;
        name = json.GetString()!;
        json.Read();
        return true;
    }

    protected static long Integer(ref Utf8JsonReader json, string name, long min, long max) =>
        json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var value) && value >= min && value <= max
            ? value
            : throw new TraceFault($"{name} is {Shown(ref json)}: a whole number from {min} to {max} is needed");

    /// <summary>Times may have fractions.</summary>
    protected static long Time(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var value) && Math.Abs(value) < 1e18
            ? (long)value
            : throw new TraceFault($"timestamp is {Shown(ref json)}: a number of milliseconds is needed");

    protected static void Array(ref Utf8JsonReader json, string name)
    {
        if (json.TokenType != JsonTokenType.StartArray) throw new TraceFault($"{name} is {Shown(ref json)}: an array is needed");
    }

    protected static string Shown(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.Null => "null",
        JsonTokenType.String => $"'{json.GetString()}'",
        _ => System.Text.Encoding.UTF8.GetString(json.ValueSpan),
    };
}
