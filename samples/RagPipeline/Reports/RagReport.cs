using System.Text.Json.Serialization;

namespace PrefixCache.Samples.RagPipeline.Reports;

/// <summary>The orders compared; its JSON is what <c>--json</c> writes.</summary>
/// <param name="orders">As they were run; each has the same questions.</param>
public sealed class RagReport(IReadOnlyList<OrderReport> orders)
{
    /// <summary>In no order does an output token differ between the runs without and with the cache.</summary>
    [JsonPropertyName("outputs_equal")]
    public bool OutputsEqual => Orders.All(order => order.OutputsEqual);

    /// <summary>As they were run.</summary>
    [JsonPropertyName("orders")]
    public IReadOnlyList<OrderReport> Orders { get; } = orders;
}
