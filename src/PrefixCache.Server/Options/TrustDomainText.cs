using PrefixCache.Core.Sharing;

namespace PrefixCache.Server.Options;

/// <summary>Trust domains as one value: <c>clinic=16GiB:clinic-a,clinic-b; lab=8GiB:lab</c>.</summary>
internal static class TrustDomainText
{
    public static (IReadOnlyList<TrustDomainOptions> Domains, string? Fault) Parse(string text)
    {
        var domains = new List<TrustDomainOptions>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Parse(part, out var domain) is { } fault) return ([], fault);
            domains.Add(domain!);
        }

        return (domains, null);
    }

    private static string? Parse(string part, out TrustDomainOptions? domain)
    {
        domain = null;
        var (equals, colon) = (part.IndexOf('=', StringComparison.Ordinal), part.IndexOf(':', StringComparison.Ordinal));
        if (equals <= 0 || colon < equals) return $"'{part}' is no trust domain: write NAME=SIZE:TENANT,TENANT";
        if (!OptionValue.TrySize(part[(equals + 1)..colon].Trim(), out var bytes) || bytes < 1 << 20)
            return $"'{part[(equals + 1)..colon].Trim()}' is no size of 1MiB or more: write 512MiB or 16GiB";
        var tenants = part[(colon + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (tenants.Length == 0) return $"'{part}' names no tenant: write NAME=SIZE:TENANT,TENANT";
        domain = new TrustDomainOptions(part[..equals].Trim(), bytes, tenants);
        return null;
    }
}
