using System.Text.Json;
using System.Text.Json.Serialization;

namespace PrefixCache.Samples.Chat.Reports;

/// <summary>Writes the report as JSON, by generated code.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(ChatReport))]
public sealed partial class ChatJson : JsonSerializerContext
{
    /// <summary>The report as indented JSON that ends with a line end.</summary>
    public static string Write(ChatReport report) => JsonSerializer.Serialize(report, Default.ChatReport) + "\n";
}
