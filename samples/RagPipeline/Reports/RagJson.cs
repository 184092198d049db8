using System.Text.Json;
using System.Text.Json.Serialization;

namespace PrefixCache.Samples.RagPipeline.Reports;

/// <summary>Writes the report as JSON, by generated code.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, GenerationMode = JsonSourceGenerationMode.Metadata, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RagReport))]
public sealed partial class RagJson : JsonSerializerContext
{
    /// <summary>The report as indented JSON that ends with a line end.</summary>
    public static string Write(RagReport report) => JsonSerializer.Serialize(report, Default.RagReport) + "\n";
}
