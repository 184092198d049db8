using System.Net;
using PrefixCache.Core.Index;

namespace PrefixCache.Server.Options;

/// <summary>Checks what no single option can: values that do not go together. Finds every fault at once.</summary>
internal static class NodeOptionsValidator
{
    /// <summary>Longest path that fits into sockaddr_un with its end (unix(7)).</summary>
    private const int MaxSocketPathBytes = 107;

    public static IReadOnlyList<string> Validate(PrefixCacheNodeOptions options)
    {
        var faults = new List<string>();
        if (options.Listen.Count == 0 && options.Socket.Length == 0) faults.Add(
            "listen and socket are both empty: the node would serve nobody");
        foreach (var text in options.Listen)
        {
            if (!TryParseEndPoint(text, out var endPoint)) faults.Add(
                $"listen: '{text}' is no address:port: write 127.0.0.1:7420 or [::1]:7420");
            else if (!IPAddress.IsLoopback(endPoint.Address) && options.TokenFile.Length == 0)
                faults.Add($"listen: {text} is reachable from other hosts: set token-file, or listen on 127.0.0.1");
        }

        var hasAdmin = TryParseEndPoint(options.Admin, out var admin);
        if (options.Admin.Length > 0 && !hasAdmin)
            faults.Add($"admin: '{options.Admin}' is no address:port: write 127.0.0.1:7480, or nothing for none");
        else if (hasAdmin && !IPAddress.IsLoopback(admin.Address) && options.TokenFile.Length == 0)
            faults.Add($"admin: {options.Admin} is reachable from other hosts: set token-file, or use 127.0.0.1");
        if (System.Text.Encoding.UTF8.GetByteCount(options.Socket) > MaxSocketPathBytes)
            faults.Add($"socket: the path is longer than {MaxSocketPathBytes} bytes, the limit of Unix sockets: use a shorter one");
        if (options.Socket.Length > 0 && Path.GetDirectoryName(Path.GetFullPath(options.Socket)) is { } folder && !Directory.Exists(folder))
            faults.Add($"socket: the folder {folder} does not exist: make it, or choose another path");
        if (System.Text.Encoding.UTF8.GetByteCount(options.SharedMemory.Socket) > MaxSocketPathBytes)
        {
            faults.Add($"shared-memory-socket: the path is longer than {MaxSocketPathBytes} bytes, the limit of Unix sockets: "
                + "use a shorter one");
        }

        if (options.SharedMemory.Socket.Length > 0
            && Path.GetDirectoryName(Path.GetFullPath(options.SharedMemory.Socket)) is { } sharing && !Directory.Exists(sharing))
            faults.Add($"shared-memory-socket: the folder {sharing} does not exist: make it, or choose another path");
        if (options.Socket.Length > 0 && options.SharedMemory.Socket.Length > 0
            && Path.GetFullPath(options.Socket) == Path.GetFullPath(options.SharedMemory.Socket))
            faults.Add("socket and shared-memory-socket are the same path: give each its own");
        if (!options.SharedMemory.Enabled && (options.SharedMemory.Socket.Length > 0 || options.SharedMemory.Users.Count > 0))
            faults.Add("shared-memory is false: shared-memory-socket and shared-memory-users have no use then");
        if (!options.SharedMemory.Enabled && !options.Gpu.Capacity.IsOff)
            faults.Add("shared-memory is false: gpu-capacity has no use then, for workers get a device's memory where they get the host's");
        if (options.Record.Length > 0 && Path.GetDirectoryName(Path.GetFullPath(options.Record)) is { } records && !Directory.Exists(records))
            faults.Add($"record: the folder {records} does not exist: make it, or choose another path");
        if (Directory.Exists(options.Record)) faults.Add($"record: {options.Record} is a folder: name a file in it");
        foreach (var name in options.TrustDomains.GroupBy(domain => domain.Name).Where(group => group.Count() > 1))
            faults.Add($"trust-domains: '{name.Key}' is there {name.Count()} times: list all its tenants once");
        foreach (var tenant in options.TrustDomains
            .SelectMany(domain => domain.Tenants).GroupBy(tenant => tenant).Where(group => group.Count() > 1))
            faults.Add($"trust-domains: tenant '{tenant.Key}' is named {tenant.Count()} times: a tenant has one arena");
        if (options.TokenFile.Length > 0 && !File.Exists(options.TokenFile)) faults.Add($"token-file: {options.TokenFile} does not exist");
        if (options.RedisPasswordFile.Length > 0 && !File.Exists(options.RedisPasswordFile))
            faults.Add($"redis-password-file: {options.RedisPasswordFile} does not exist");
        if (options.Redis.Tls.CaFile.Length > 0 && !File.Exists(options.Redis.Tls.CaFile))
            faults.Add($"redis-tls-ca: {options.Redis.Tls.CaFile} does not exist");
        if (options.Redis.Tls is { Enabled: false, CaFile.Length: > 0 }) faults.Add("redis-tls-ca has no use while redis-tls is false");
        if (options.Redis.User.Length > 0 && options.RedisPasswordFile.Length == 0 && options.Redis.Password.Length == 0)
            faults.Add("redis-user needs redis-password-file");
        if (options.Redis.Prefix.Length is 0 or > 64 || options.Redis.Prefix.AsSpan().IndexOfAnyExceptInRange('!', 'z') >= 0)
            faults.Add($"redis-prefix '{options.Redis.Prefix}': 1 to 64 letters, digits and signs, without blanks and braces");
        if (options is { Admission: not AdmissionMode.Always, MaxGhostTokens: 0 })
            faults.Add("admission is on_reuse or adaptive and max-ghost-tokens 0: nothing would ever be stored at its second offer, for ghosts tell "
                + "what came before: give some, or admission always");
        if (options.Host.LowWatermark >= options.Host.HighWatermark)
            faults.Add(FormattableString.Invariant(
                $"low-watermark {options.Host.LowWatermark} is not below high-watermark {options.Host.HighWatermark}"));
        if (options.Limits.MaxReservedTokens < options.Limits.MaxTokens)
        {
            faults.Add($"max-reserved-tokens {options.Limits.MaxReservedTokens} is below max-tokens {options.Limits.MaxTokens}: "
                + "the largest request would never fit");
        }

        return faults;
    }

    /// <summary>An address and a port, both given; IPv6 addresses in brackets.</summary>
    public static bool TryParseEndPoint(string text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || (text.IndexOf(':', StringComparison.Ordinal) != colon && !text.StartsWith('['))) return false;
        var host = text[..colon] == "localhost" ? "127.0.0.1" : text[..colon];
        if (!IPEndPoint.TryParse(host + text[colon..], out var parsed)) return false;
        endPoint = parsed;
        return true;
    }
}
