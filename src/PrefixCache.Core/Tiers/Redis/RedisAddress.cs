using System.Globalization;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Where a Redis server listens.</summary>
public readonly record struct RedisAddress(string Host, int Port)
{
    public const int DefaultPort = 6379;

    /// <param name="text"><c>host</c>, <c>host:port</c>, <c>[::1]:port</c>.</param>
    public static bool TryParse(string text, out RedisAddress address)
    {
        address = default;
        var colon = text.LastIndexOf(':');
        var bracket = text.LastIndexOf(']');
        var (host, digits) = colon > bracket ? (text[..colon], text[(colon + 1)..]) : (text, "");
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal)) return false;
        var port = DefaultPort;
        if (host.Length == 0 || Uri.CheckHostName(host) == UriHostNameType.Unknown) return false;
        if (digits.Length > 0 && (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > 65_535))
            return false;
        if (digits.Length == 0 && colon > bracket) return false;
        address = new RedisAddress(host, port);
        return true;
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
