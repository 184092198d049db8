using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace PrefixCache.Server.Admin;

/// <summary>Hands the metrics of one node over when somebody asks for them.</summary>
/// <remarks>A process may have several nodes, whose meters have one name and differ by their incarnation.</remarks>
[ExportModes(ExportModes.Pull)]
internal sealed class PullExporter(string incarnation) : BaseExporter<Metric>, IPullMetricExporter
{
    private PrometheusText _text = new();

    public Func<int, bool>? Collect { get; set; }

    /// <summary>The metrics now. One caller at a time.</summary>
    public string Read()
    {
        _text = new PrometheusText();
        Collect?.Invoke(Timeout.Infinite);
        return _text.ToString();
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (var metric in batch)
            if (metric.MeterTags?.Any(tag => tag.Value as string == incarnation) == true) _text.Add(metric);
        return ExportResult.Success;
    }
}
