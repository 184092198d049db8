using System.Text.Json;

namespace PrefixCache.Cli.Plan.Configs;

/// <summary>Reads fields of a config.json, under whichever of several names they have.</summary>
/// <param name="json">The object that they are in.</param>
/// <param name="path">Before each name in errors, as in «text_config.».</param>
internal sealed class ConfigFields(JsonElement json, string path)
{
    /// <summary>Wide enough for every model, and products of three of them do not overflow.</summary>
    private const int MaxNumber = 1 << 24;

    /// <summary>A whole number from 1; the first of the names that is there.</summary>
    public int Number(params string[] names) =>
        OptionalNumber(names) ?? throw Fault(string.Join(" or ", names), "is missing");

    /// <summary>Null = not there, or null.</summary>
    public int? OptionalNumber(params string[] names)
    {
        foreach (var name in names)
        {
            if (Find(name) is not { } value) continue;
            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 0 and <= MaxNumber)
            {
                if (number > 0) return number;
                throw Fault(name, "is 0: it must be 1 or more");
            }

            throw Fault(name, $"is {Shown(value)}: it must be a whole number from 1 to {MaxNumber}");
        }

        return null;
    }

    /// <summary>As <see cref="OptionalNumber"/>, where 0 is as good as nothing.</summary>
    public int Count(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) && number == 0
            ? 0 : OptionalNumber(name) ?? 0;

    public bool? Switch(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Fault(name, $"is {Shown(value)}: it must be true or false"),
    };

    public string? Text(params string[] names)
    {
        foreach (var name in names)
        {
            if (Find(name) is not { } value) continue;
            return value.ValueKind == JsonValueKind.String
                ? value.GetString() : throw Fault(name, $"is {Shown(value)}: it must be text");
        }

        return null;
    }

    public ConfigFields? Part(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } part => new ConfigFields(part, $"{path}{name}."),
        { } value => throw Fault(name, $"is {Shown(value)}: it must be an object"),
    };

    public IReadOnlyList<JsonElement>? List(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()],
        { } value => throw Fault(name, $"is {Shown(value)}: it must be a list"),
    };

    public IEnumerable<string> Names => json.EnumerateObject().Select(property => property.Name);

    /// <param name="text">What is wrong with the field, as in «is missing».</param>
    public ModelConfigException Fault(string name, string text) => new($"{path}{name} {text}");

    private JsonElement? Find(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "…";
    }
}
