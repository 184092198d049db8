using PrefixCache.Core.Tiers.Redis;

namespace PrefixCache.Server.Options;

/// <summary>Options of the Redis tier that have a form of their own.</summary>
internal static class RedisOptionText
{
    public static (PrefixCacheNodeOptions Options, string? Fault) ApplyServers(string text, PrefixCacheNodeOptions options)
    {
        var servers = new List<RedisAddress>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!RedisAddress.TryParse(part, out var address)) return (options, $"'{part}' is no address: write redis.example:6379");
            servers.Add(address);
        }

        return (options with { Redis = options.Redis with { Servers = servers } }, null);
    }

    public static (PrefixCacheNodeOptions Options, string? Fault) ApplyWrite(string text, PrefixCacheNodeOptions options)
    {
        RedisWritePolicy? policy = text switch
        {
            "never" => RedisWritePolicy.Never,
            "on_reuse" => RedisWritePolicy.OnReuse,
            "through" => RedisWritePolicy.Through,
            "on_evict" => RedisWritePolicy.OnEvict,
            _ => null,
        };
        return policy is { } known
            ? (options with { Redis = options.Redis with { Write = known } }, null)
            : (options, $"'{text}' is none of never, on_reuse, through, on_evict");
    }
}
