using System.Text.Json.Serialization;

namespace PrefixCache.Samples.RagPipeline.Retrieval;

/// <summary>In which order retrieved documents stand in a prompt.</summary>
public enum DocumentOrder
{
    /// <summary>Best first, as the search ranks them.</summary>
    [JsonStringEnumMemberName("rank")]
    Rank,

    /// <summary>By id: the same documents stand in the same order, whatever their ranks.</summary>
    [JsonStringEnumMemberName("stable")]
    Stable,
}
