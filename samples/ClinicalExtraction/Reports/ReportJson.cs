using System.Text.Json;
using System.Text.Json.Serialization;

namespace PrefixCache.Samples.ClinicalExtraction.Reports;

/// <summary>Writes the report as JSON, by generated code.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(ExtractionReport))]
public sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>The report as indented JSON that ends with a line end.</summary>
    public static string Write(ExtractionReport report) => JsonSerializer.Serialize(report, Default.ExtractionReport) + "\n";
}
