using PrefixCache.Core.Sessions;

namespace PrefixCache.Server;

/// <summary>Every message that the node logs. None holds tokens, keys or payload.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Serving on {Addresses}; host tier {Capacity}")]
    public static partial void Serving(ILogger logger, string addresses, string capacity);

    [LoggerMessage(2, LogLevel.Warning, "The host tier is not pinned: {Reason}")]
    public static partial void NotPinned(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Information, "Draining for at most {Grace}")]
    public static partial void Draining(ILogger logger, TimeSpan grace);

    [LoggerMessage(4, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "The host tier is pinned")]
    public static partial void Pinned(ILogger logger);

    [LoggerMessage(6, LogLevel.Warning, "Calls without a valid token are refused, the last from {Peer}: {Reason}")]
    public static partial void Unauthenticated(ILogger logger, string peer, string reason);

    [LoggerMessage(7, LogLevel.Warning, "{Path} can be read by every user of this host: give it mode 0600")]
    public static partial void SecretIsReadable(ILogger logger, string path);

    [LoggerMessage(8, LogLevel.Warning, "Shared memory is refused to {Who}: {Reason}")]
    public static partial void ArenaRefused(ILogger logger, string who, string reason);

    [LoggerMessage(9, LogLevel.Warning,
        "Tenants {Tenants} use one arena without trusting one another: their workers use streams; give them trust-domains")]
    public static partial void ArenaNotShared(ILogger logger, string tenants);

    [LoggerMessage(12, LogLevel.Information, "Workers of this host get shared memory at {Address}")]
    public static partial void Sharing(ILogger logger, string address);

    [LoggerMessage(13, LogLevel.Information, "The host tier uses huge pages: {Use}")]
    public static partial void HugePages(ILogger logger, string use);

    [LoggerMessage(14, LogLevel.Warning, "The host tier does not use huge pages: {Reason}")]
    public static partial void NoHugePages(ILogger logger, string reason);

    [LoggerMessage(15, LogLevel.Warning, "No tenant uses the main arena of {Capacity}: every one is in a trust domain; lower capacity")]
    public static partial void MainArenaUnused(ILogger logger, string capacity);

    [LoggerMessage(16, LogLevel.Information, "Shared memory is off (shared-memory)")]
    public static partial void SharingOff(ILogger logger);

    [LoggerMessage(17, LogLevel.Information, "Redis is available: {Servers}")]
    public static partial void RedisAvailable(ILogger logger, string servers);

    [LoggerMessage(18, LogLevel.Warning, "Redis is read and takes no writes: {Cause}")]
    public static partial void RedisReadOnly(ILogger logger, string cause);

    [LoggerMessage(19, LogLevel.Warning, "Redis is away, the node serves from its own memory: {Cause}")]
    public static partial void RedisAway(ILogger logger, string cause);

    [LoggerMessage(20, LogLevel.Error, "The Redis tier failed unexpectedly; the request goes on without it")]
    public static partial void RedisFault(ILogger logger, Exception exception);

    [LoggerMessage(21, LogLevel.Information, "The GPU tier is off: {Reason}")]
    public static partial void GpuOff(ILogger logger, string reason);

    [LoggerMessage(22, LogLevel.Warning, "The GPU tier does without a device: {Reason}")]
    public static partial void GpuRefused(ILogger logger, string reason);

    [LoggerMessage(23, LogLevel.Information, "GPU tier: {Capacity} MiB of {Device} ({Name}), handed to workers {Sharing}")]
    public static partial void GpuOn(ILogger logger, long capacity, string device, string name, string sharing);

    [LoggerMessage(24, LogLevel.Error, "The GPU tier is off on {Device} ({Name}), the node goes on without it: {Cause}")]
    public static partial void GpuLost(ILogger logger, string device, string name, string cause);

    [LoggerMessage(25, LogLevel.Warning, "The GPU tier is off: {Reason}")]
    public static partial void GpuUnavailable(ILogger logger, string reason);

    [LoggerMessage(26, LogLevel.Information, "Operators: {Address}/readyz and /metrics")]
    public static partial void Admin(ILogger logger, string address);

    [LoggerMessage(27, LogLevel.Warning,
        "The admin address {Address} is in use, by another node perhaps: no /readyz and /metrics of this one; give it another with admin")]
    public static partial void NoAdmin(ILogger logger, string address);

    [LoggerMessage(28, LogLevel.Error, "An admin page failed")]
    public static partial void AdminFault(ILogger logger, Exception exception);

    [LoggerMessage(10, LogLevel.Information, "Session opened: tenant {Tenant}, instance {Instance}, {Role} {Rank}")]
    public static partial void SessionOpened(ILogger logger, string tenant, string instance, SessionRole role, int rank);

    [LoggerMessage(11, LogLevel.Information, "Session ended: tenant {Tenant}, instance {Instance}, {Role} {Rank}")]
    public static partial void SessionEnded(ILogger logger, string tenant, string instance, SessionRole role, int rank);
}
