using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace PrefixCache.Server.Admin;

/// <summary>Metrics in the text format of Prometheus, version 0.0.4.</summary>
/// <remarks>
/// Names follow its conventions: dots become underscores, the unit comes last (seconds, bytes), counters end in <c>_total</c>. Times that are
/// kept in nanoseconds are given in seconds.
/// </remarks>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string Nanoseconds = "ns";

    private readonly StringBuilder _text = new();

    public void Add(Metric metric)
    {
        var isCounter = metric.MetricType is MetricType.LongSum or MetricType.DoubleSum;
        var name = Name(metric, isCounter);
        var isHistogram = metric.MetricType == MetricType.Histogram;
        _text.Append("# HELP ").Append(name).Append(' ').Append(Escape(metric.Description, isLabel: false)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(isCounter ? "counter" : isHistogram ? "histogram" : "gauge").Append('\n');
        var scale = metric.Unit == Nanoseconds ? 1e-9 : 1;
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point);
            if (isHistogram) AddHistogram(name, labels, point);
            else AddSample(name, labels, Value(metric.MetricType, point) * scale);
        }
    }

    public override string ToString() => _text.ToString();

    private static double Value(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum => point.GetSumLong(),
        MetricType.DoubleSum => point.GetSumDouble(),
        MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        _ => point.GetGaugeLastValueDouble(),
    };

    private static string Name(Metric metric, bool isCounter)
    {
        var name = metric.Name.Replace('.', '_');
        var unit = metric.Unit switch
        {
            Nanoseconds or "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };

        // prefixcache.bytes.stored says so already.
        if (unit.Length > 0 && !name.Contains(unit, StringComparison.Ordinal)) name += unit;
        return isCounter ? name + "_total" : name;
    }

    private static string Labels(in MetricPoint point)
    {
        var labels = new StringBuilder();
        foreach (var (name, value) in point.Tags)
        {
            if (labels.Length > 0) labels.Append(',');
            labels.Append(name.Replace('.', '_')).Append("=\"").Append(Escape(value?.ToString() ?? "", isLabel: true)).Append('"');
        }

        return labels.ToString();
    }

    private static string Escape(string text, bool isLabel)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return isLabel ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }

    private void AddHistogram(string name, string labels, in MetricPoint point)
    {
        var separator = labels.Length > 0 ? "," : "";
        var count = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            var end = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : Format(bucket.ExplicitBound);
            AddSample(name + "_bucket", $"{labels}{separator}le=\"{end}\"", count);
        }

        AddSample(name + "_sum", labels, point.GetHistogramSum());
        AddSample(name + "_count", labels, point.GetHistogramCount());
    }

    private void AddSample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0) _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(Format(value)).Append('\n');
    }

    private static string Format(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
