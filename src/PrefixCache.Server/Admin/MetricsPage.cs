using OpenTelemetry;
using OpenTelemetry.Metrics;
using PrefixCache.Core;

namespace PrefixCache.Server.Admin;

/// <summary>What <c>/metrics</c> answers. Thread-safe.</summary>
internal sealed class MetricsPage : IDisposable
{
    private readonly PullExporter _exporter;
    private readonly MeterProvider _provider;
    private readonly Lock _gate = new();

    public MetricsPage(CacheNode node)
    {
        _exporter = new PullExporter(node.Incarnation.ToString("N"));
        _provider = Sdk.CreateMeterProviderBuilder().AddMeter(CacheNode.MeterName).AddReader(new BaseExportingMetricReader(_exporter)).Build();
    }

    public string Read()
    {
        lock (_gate) return _exporter.Read();
    }

    public void Dispose()
    {
        _provider.Dispose();
        _exporter.Dispose();
    }
}
