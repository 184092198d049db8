using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using PrefixCache.Core;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Replay.Recording;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.Grpc;
using PrefixCache.Grpc.Health;
using PrefixCache.Grpc.Reflection;
using PrefixCache.Protocol;
using PrefixCache.Server.Admin;
using PrefixCache.Server.Local;
using PrefixCache.Server.Options;
using PrefixCache.Server.Security;

namespace PrefixCache.Server;

/// <summary>A running node: <c>await using var node = await PrefixCacheNode.StartAsync(options)</c> in any process.</summary>
/// <remarks>Owns its listeners and the host tier's memory. Several may run in one process. Thread-safe.</remarks>
public sealed class PrefixCacheNode : IAsyncDisposable
{
    private const string GpuNotThere = "this machine has no NVIDIA driver (libcuda.so.1)";
    private const string GpuNotAsked = "gpu-capacity is off; 4GiB or 5% keeps the hottest chunks in the memory of its GPUs too";

    private readonly PrefixCacheNodeOptions _options;
    private readonly CacheNode _cache;
    private readonly ArenaSocket? _sharing;
    private readonly LookupRecorder? _recorder;
    private readonly RpcServer _rpc;
    private readonly WebApplication _app;
    private readonly HealthService _health;
    private readonly ILogger _logger;
    private AdminServer? _admin;
    private string? _notReady = "starting";
    private int _stopped;

    private PrefixCacheNode(
        PrefixCacheNodeOptions options, CacheNode cache, ArenaSocket? sharing, LookupRecorder? recorder, RpcServer rpc, WebApplication app,
        HealthService health, ILogger logger)
    {
        _options = options;
        _cache = cache;
        _sharing = sharing;
        _recorder = recorder;
        _rpc = rpc;
        _app = app;
        _health = health;
        _logger = logger;
    }

    /// <summary>Where the node serves: http://127.0.0.1:7420, unix:///run/prefixcache.sock.</summary>
    public IReadOnlyList<string> Addresses { get; private set; } = [];

    /// <summary>The first of <see cref="Addresses"/>.</summary>
    public string Address => Addresses[0];

    /// <summary>Where operators ask: http://127.0.0.1:7480; empty = nowhere.</summary>
    public string AdminAddress => _admin?.Address ?? "";

    /// <summary>What the node did since its start.</summary>
    public CacheCounters Counters => _cache.Counters;

    /// <summary>Starts a node; on return it serves.</summary>
    /// <param name="options">Validated again here.</param>
    /// <param name="loggers">Takes the node's log; null = nowhere.</param>
    /// <param name="time">The node's clock.</param>
    /// <exception cref="NodeOptionsException">The options have faults; the message names all of them.</exception>
    /// <exception cref="InsufficientHostMemoryException">The host tier does not fit into the machine's memory.</exception>
    /// <exception cref="IOException">An address or the socket is in use.</exception>
    public static async Task<PrefixCacheNode> StartAsync(
        PrefixCacheNodeOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null)
    {
        var faults = NodeOptionsValidator.Validate(options);
        if (faults.Count > 0) throw new NodeOptionsException(faults);
        loggers ??= Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance;
        time ??= TimeProvider.System;
        var tokens = options.TokenFile.Length > 0 ? TokenFile.Read(options.TokenFile) : null;
        IReadOnlyList<string> tenants = tokens?.Tenants ?? [Credential.DefaultTenant];
        var unknown = options.TrustDomains.SelectMany(domain => domain.Tenants).Except(tenants).ToList();
        if (unknown.Count > 0) throw new NodeOptionsException([.. unknown.Select(tenant => Unknown(tenant, tokens))]);
        var strangers = Strangers(options, tenants);
        var cache = new CacheNode(
            new CacheNodeOptions
            {
                Host = options.Host,
                Limits = options.Limits,
                MinPartialTokens = options.MinPartialTokens,
                MaxGhostTokens = options.MaxGhostTokens,
                Eviction = options.Eviction,
                Admission = options.Admission,
                LoadMode = options.LoadMode,
                Pins = options.Pins,
                Redis = options.RedisPasswordFile.Length == 0
                    ? options.Redis
                    : options.Redis with { Password = (await File.ReadAllTextAsync(options.RedisPasswordFile)).Trim() },
                Gpu = options.Gpu with { Driver = options.Gpu.Driver ?? CudaDriver.Instance },
                ClaimTimeout = options.ClaimTimeout,
                TrustDomains = options.TrustDomains,
                ShareMainArena = strangers.Count == 0,
            },
            time);
        ArenaSocket? sharing = null;
        LookupRecorder? recorder = null;
        PrefixCacheNode? node = null;
        try
        {
            if (options.SharedMemory.Enabled)
                sharing = new ArenaSocket(cache, options.SharedMemory, time, loggers.CreateLogger<ArenaSocket>());
            if (options.Record.Length > 0)
            {
                recorder = new LookupRecorder(options.Record, cache.Incarnation, loggers.CreateLogger<LookupRecorder>(), time);
                cache.Lookups.Recorder = recorder;
            }

            if (cache.Redis is { } redis) LogRedis(redis, options.Redis.Servers, loggers.CreateLogger<PrefixCacheNode>());
            if (cache.Gpu is { } gpu) LogGpu(gpu, loggers.CreateLogger<PrefixCacheNode>());
            node = Build(options, cache, sharing, recorder, tokens, loggers, time);
            await node.ListenAdminAsync(tokens, loggers);
            await node.ListenAsync();
            if (!tenants.Except(options.TrustDomains.SelectMany(domain => domain.Tenants)).Any())
                Log.MainArenaUnused(node._logger, OptionValue.FormatSize(options.Host.CapacityBytes));
            if (!options.SharedMemory.Enabled) Log.SharingOff(node._logger);
            if (options.Gpu.Capacity.IsOff) Log.GpuOff(node._logger, CudaDriver.IsInstalled ? GpuNotAsked : GpuNotThere);
            if (options.SharedMemory.Enabled && strangers.Count > 0) Log.ArenaNotShared(node._logger, string.Join(", ", strangers));
            return node;
        }
        catch (SocketException exception)
        {
            await FreeAsync(node, sharing, recorder, cache);
            string[] paths = [.. new[] { options.Socket, options.SharedMemory.Socket }.Where(path => path.Length > 0)];
            var where = string.Join(", ", options.Listen.Concat(paths));
            throw new IOException($"One of {where} cannot be listened on: {exception.Message}.", exception);
        }
        catch
        {
            await FreeAsync(node, sharing, recorder, cache);
            throw;
        }
    }

    /// <summary>The Redis that it shares with other nodes; null = there is none.</summary>
    public RedisStatus? Redis => _cache.Redis;

    /// <summary>The memory of devices that it uses; null = none was asked for.</summary>
    public GpuStatus? Gpu => _cache.Gpu;

    /// <summary>What the node holds now.</summary>
    public CacheSnapshot Snapshot() => _cache.Snapshot();

    /// <summary>
    /// Stops taking calls, lets running ones finish within the drain grace, then frees everything. Once; later calls do nothing.
    /// </summary>
    public Task StopAsync() => StopAsync(_options.DrainGrace);

    public async ValueTask DisposeAsync() => await StopAsync();

    private static PrefixCacheNode Build(
        PrefixCacheNodeOptions options, CacheNode cache, ArenaSocket? sharing, LookupRecorder? recorder, TokenFile? tokens,
        ILoggerFactory loggers, TimeProvider time)
    {
        var rpc = new RpcServer(
            new RpcServerOptions
            {
                WriteStallTimeout = options.WriteStallTimeout,
                RequestTimeout = options.RequestTimeout,
                Authorize = new CallAuthorizer(tokens, time, loggers.CreateLogger<CallAuthorizer>()).Authorize,
                TimeProvider = time,
            },
            loggers.CreateLogger<RpcServer>());
        NodeEndpoints.AddTo(rpc, cache, options, sharing?.Address ?? "", loggers, time);
        var health = new HealthService();
        health.AddTo(rpc);
        new ReflectionService(Protocol.V1.PrefixcacheReflection.Descriptor, HealthReflection.Descriptor).AddTo(rpc);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "prefixcache" });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options, rpc));
        RpcServer.ConfigureServices(builder.Services);
        var app = builder.Build();
        app.Run(rpc.HandleAsync);
        return new PrefixCacheNode(options, cache, sharing, recorder, rpc, app, health, loggers.CreateLogger<PrefixCacheNode>());
    }

    private static string Unknown(string tenant, TokenFile? tokens) => tokens is null
        ? $"trust-domains: there is no token-file, so only tenant '{Credential.DefaultTenant}' exists, not '{tenant}'"
        : $"trust-domains: tenant '{tenant}' is named by no token of token-file";

    /// <summary>
    /// Tenants that share the main arena although nobody says that they trust one another; none where there is one alone.
    /// </summary>
    private static List<string> Strangers(PrefixCacheNodeOptions options, IReadOnlyList<string> tenants)
    {
        var named = options.TrustDomains.SelectMany(domain => domain.Tenants).ToHashSet(StringComparer.Ordinal);
        var others = tenants.Where(tenant => !named.Contains(tenant)).ToList();
        return others.Count > 1 ? others : [];
    }

    private static void Listen(KestrelServerOptions kestrel, PrefixCacheNodeOptions options, RpcServer rpc)
    {
        RpcServer.ConfigureKestrel(kestrel);
        foreach (var text in options.Listen)
            if (NodeOptionsValidator.TryParseEndPoint(text, out IPEndPoint endPoint))
                kestrel.Listen(endPoint, rpc.ConfigureListener);
        if (options.Socket.Length == 0) return;
        UnixSocketFile.RemoveStale(options.Socket);
        kestrel.ListenUnixSocket(Path.GetFullPath(options.Socket), rpc.ConfigureListener);
    }

    private async Task ListenAsync()
    {
        using (UnixSocketFile.RestrictNewFiles(_options.Socket)) await _app.StartAsync();
        var bound = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Addresses = [.. bound.Select(address => address.Replace("http://unix:", "unix://", StringComparison.Ordinal))];
        SetHealth(true);
        Volatile.Write(ref _notReady, null);
        Log.Serving(_logger, string.Join(", ", Addresses), OptionValue.FormatSize(_cache.HostCapacityBytes));
        foreach (var secret in (string[])[_options.TokenFile, _options.RedisPasswordFile])
        {
            if (OperatingSystem.IsLinux() && secret.Length > 0 && (File.GetUnixFileMode(secret) & UnixFileMode.OtherRead) != 0)
                Log.SecretIsReadable(_logger, secret);
        }

        if (_sharing is not null) Log.Sharing(_logger, _sharing.Address);
        if (_admin is not null) Log.Admin(_logger, AdminAddress);
        else if (_options.Admin.Length > 0) Log.NoAdmin(_logger, _options.Admin);
        LogPages();
        if (_cache.HostPinning is { Count: > 0 } pinning) _ = LogPinningAsync(pinning);
    }

    /// <summary>The address that nobody chose may be another node's: the node goes on without.</summary>
    private async Task ListenAdminAsync(TokenFile? tokens, ILoggerFactory loggers)
    {
        if (!NodeOptionsValidator.TryParseEndPoint(_options.Admin, out var endPoint)) return;
        var admin = new AdminServer(endPoint, new AdminPages(_cache, () => Volatile.Read(ref _notReady)), tokens, loggers.CreateLogger<AdminServer>());
        try
        {
            await admin.StartAsync();
            _admin = admin;
        }
        catch (IOException exception)
        {
            await admin.DisposeAsync();
            if (_options.Admin != PrefixCacheNodeOptions.DefaultAdmin)
                throw new IOException($"admin: {_options.Admin} cannot be listened on: {exception.Message}", exception);
        }
    }

    private void LogPages()
    {
        var arenas = _cache.HostPages.Where(arena => arena.Asked != HugePages.Off).ToList();
        if (arenas.Count == 0) return;
        // Arenas differ in size alone, so the one that got the least stands for all.
        var least = arenas.MinBy(arena => (double)arena.HugeBytes / arena.TotalBytes);
        if (least.IsInEffect) Log.HugePages(_logger, least.Describe());
        else Log.NoHugePages(_logger, least.Describe());
    }

    private static void LogRedis(RedisStatus redis, IReadOnlyList<RedisAddress> servers, ILogger logger)
    {
        redis.Changed += (state, cause) =>
        {
            if (state == RedisState.Available) Log.RedisAvailable(logger, string.Join(", ", servers));
            else if (state == RedisState.ReadOnly) Log.RedisReadOnly(logger, cause);
            else Log.RedisAway(logger, cause);
        };
        redis.Faulted += exception => Log.RedisFault(logger, exception);
    }

    private static void LogGpu(GpuStatus gpu, ILogger logger)
    {
        gpu.Lost += (device, cause) => Log.GpuLost(logger, device.Text, device.Name, cause);
        foreach (var device in gpu.Devices.Where(device => device.IsOn))
        {
            var sharing = device.IsSharedByHandle ? "as a handle, which ends with the node" : "as a descriptor";
            Log.GpuOn(logger, device.CapacityBytes >> 20, device.Identity.Text, device.Identity.Name, sharing);
        }

        if (gpu.Devices.Count == 0) Log.GpuUnavailable(logger, string.Join(" ", gpu.Refused));
        else foreach (var reason in gpu.Refused) Log.GpuRefused(logger, reason);
    }

    private async Task LogPinningAsync(IReadOnlyList<Task<MemoryLockResult>> arenas)
    {
        var all = Task.WhenAll(arenas);
        await ((Task)all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!all.IsCompletedSuccessfully) return;
        var refused = all.Result.Where(result => !result.IsLocked).ToList();
        if (refused.Count > 0) Log.NotPinned(_logger, refused[0].Describe());
        else Log.Pinned(_logger);
    }

    private void SetHealth(bool serving)
    {
        var status = serving ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing;
        _health.SetStatus("", status);
        _health.SetStatus(PrefixCacheMethods.Service, status);
    }

    private async Task StopAsync(TimeSpan grace)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0) return;
        Log.Draining(_logger, grace);
        SetHealth(false);
        Volatile.Write(ref _notReady, "draining");
        await _rpc.DrainAsync(grace);
        await _app.StopAsync();
        await FreeAsync();
        Log.Stopped(_logger);
    }

    /// <summary>Frees what a failed start has made.</summary>
    private static async Task FreeAsync(PrefixCacheNode? node, ArenaSocket? sharing, LookupRecorder? recorder, CacheNode cache)
    {
        if (node is not null)
        {
            await node.FreeAsync();
            return;
        }

        if (sharing is not null) await sharing.DisposeAsync();
        if (recorder is not null) await recorder.DisposeAsync();
        await cache.StopAsync();
        cache.Dispose();
    }

    private async Task FreeAsync()
    {
        if (_admin is not null) await _admin.DisposeAsync();
        await _app.DisposeAsync();
        if (_sharing is not null) await _sharing.DisposeAsync();
        if (_recorder is not null) await _recorder.DisposeAsync();
        _rpc.Dispose();
        await _cache.StopAsync();
        _cache.Dispose();
    }
}
