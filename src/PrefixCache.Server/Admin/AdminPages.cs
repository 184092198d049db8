using System.Text;
using PrefixCache.Core;
using PrefixCache.Core.Tiers.Redis;

namespace PrefixCache.Server.Admin;

/// <summary>The pages of the admin address. Thread-safe.</summary>
internal sealed class AdminPages : IDisposable
{
    private readonly CacheNode _node;
    private readonly Func<string?> _notReady;
    private readonly MetricsPage _metrics;
    private readonly Dictionary<string, AdminPage> _byPath;

    /// <param name="notReady">Why the node takes no calls; null = it does.</param>
    public AdminPages(CacheNode node, Func<string?> notReady)
    {
        (_node, _notReady, _metrics) = (node, notReady, new MetricsPage(node));
        _byPath = new Dictionary<string, AdminPage>(StringComparer.Ordinal)
        {
            // A process that answers lives: what is wrong with it is not mended by its restart.
            ["/livez"] = new(false, () => new AdminAnswer(200, "ok\n")),
            ["/readyz"] = new(false, Ready),
            ["/metrics"] = new(true, () => new AdminAnswer(200, _metrics.Read(), PrometheusText.ContentType)),
        };
    }

    public static IReadOnlyList<string> Paths { get; } = ["/livez", "/readyz", "/metrics"];

    public AdminPage? Find(string path) => _byPath.GetValueOrDefault(path);

    public void Dispose() => _metrics.Dispose();

    /// <summary>A line for each part; what is off does not make the node unready, for it serves without.</summary>
    private AdminAnswer Ready()
    {
        var reason = _notReady();
        var text = new StringBuilder();
        text.Append(reason is null ? "node: serving\n" : $"node: {reason}\n");
        if (_node.Redis is { } redis)
            text.Append(redis.State == RedisState.Available ? "redis: available\n" : $"redis: {redis.State}: {redis.Cause}; the node serves without\n");
        foreach (var device in _node.Gpu?.Devices ?? [])
            text.Append(device.IsOn ? $"{device.Identity.Text}: on\n" : $"{device.Identity.Text}: off: {device.Cause}; the node serves without\n");
        return new AdminAnswer(reason is null ? 200 : 503, text.ToString());
    }
}
