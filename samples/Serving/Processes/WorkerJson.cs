using System.Text.Json.Serialization;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Processes;

/// <summary>JSON of the lines between the sample and its workers, by generated code.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(PromptRequest))]
[JsonSerializable(typeof(WorkerReply))]
internal sealed partial class WorkerJson : JsonSerializerContext;
