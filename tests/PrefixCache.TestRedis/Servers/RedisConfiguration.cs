using System.Globalization;

namespace PrefixCache.TestRedis.Servers;

/// <summary>The lines of redis.conf for a server of a test.</summary>
internal static class RedisConfiguration
{
    /// <summary>Lies in the server's folder.</summary>
    public const string LogFile = "redis.log";

    public static IEnumerable<string> Lines(string folder, RedisServerOptions options, int port) =>
    [
        "bind 127.0.0.1", $"dir {folder}", $"logfile {LogFile}", "daemonize no", "save \"\"", "appendonly no",
        .. Listen(options.Tls, port), .. Memory(options), .. Access(options), .. options.Settings,
    ];

    private static string[] Listen(RedisCertificate? tls, int port) => tls is null
        ? [Line("port", port)]
        :
        [
            "port 0", Line("tls-port", port), "tls-auth-clients no", $"tls-cert-file {tls.CertificateFile}", $"tls-key-file {tls.KeyFile}",
            $"tls-ca-cert-file {tls.AuthorityFile}",
        ];

    private static string[] Memory(RedisServerOptions options) => options.MaxMemoryBytes is { } bytes
        ? [Line("maxmemory", bytes), $"maxmemory-policy {options.MaxMemoryPolicy}"]
        : [];

    private static string[] Access(RedisServerOptions options) => (options.User, options.Password) switch
    {
        (null, null) => [],
        (null, { } password) => [$"requirepass \"{password}\""],
        ({ } user, { } password) => [$"user {user} on \">{password}\" ~* &* +@all", "user default off"],
        _ => throw new ArgumentException($"The user {options.User} needs a password."),
    };

    private static string Line(string name, long value) => string.Create(CultureInfo.InvariantCulture, $"{name} {value}");
}
