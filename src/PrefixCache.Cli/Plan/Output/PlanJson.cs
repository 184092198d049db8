using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>The plan for programs: one object, a name for each figure, bytes and counts as whole numbers; `formulas` has the same
/// names.</summary>
internal static class PlanJson
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(PlanReport report)
    {
        var (root, formulas) = (new JsonObject { ["plan"] = report.Title }, new JsonObject());
        foreach (var line in report.Sections.SelectMany(section => section.Lines))
        {
            Put(root, line.Key, Value(line));
            Put(formulas, line.Key, JsonValue.Create(line.Formula));
        }

        root["formulas"] = formulas;
        root["sources"] = new JsonArray([.. report.Sources.Select(source => JsonValue.Create(source))]);
        root["notes"] = new JsonArray([.. report.Notes.Select(note => JsonValue.Create(note))]);
        return root.ToJsonString(Format) + "\n";
    }

    private static JsonValue? Value(PlanLine line) => line switch
    {
        { Value: null } => null,
        { Unit: PlanUnit.Bytes or PlanUnit.Count } => JsonValue.Create((long)line.Value.Value),
        _ => JsonValue.Create(line.Value.Value),
    };

    private static void Put(JsonObject root, string key, JsonNode? value)
    {
        if (key.Split('/') is not [var group, var name])
        {
            root[key] = value;
            return;
        }

        if (root[group] is not JsonObject inner) root[group] = inner = [];
        inner[name] = value;
    }
}
