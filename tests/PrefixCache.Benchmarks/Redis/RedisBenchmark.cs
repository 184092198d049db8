using System.Diagnostics;
using PrefixCache.Benchmarks.Reporting;
using PrefixCache.Benchmarks.Transport;
using PrefixCache.TestRedis.Commands;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>Payload to and from a Redis server of its own, on this machine's loopback.</summary>
/// <remarks>
/// The sides take turns, and the medians are compared, so that a change of the machine's load meets all of them. What is read is compared
/// with what was written, outside of the measured time.
/// </remarks>
internal sealed class RedisBenchmark : IDisposable
{
    private const int Rounds = 15;
    private const int ProbesPerRound = 1000;

    private static readonly int[] PlainUnderWay = [1, 2];
    private static readonly int[] OtherPartBytes = [1 << 20, 2 << 20, 8 << 20];

    private readonly NativeBlock _written = new(RedisWorkload.PromptBytes);
    private readonly NativeBlock _read = new(RedisWorkload.PromptBytes);
    private readonly Dictionary<IRedisSide, SideSpeeds> _speeds = [];

    private RedisBenchmark() => new Random(1).NextBytes(_written.GetSpan());

    /// <summary>Starts the server, measures every side, and ends it.</summary>
    public static async Task<IReadOnlyList<BenchmarkResult>> RunAsync()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var control = await redis.ConnectAsync();
        using var benchmark = new RedisBenchmark();
        PlainRedis[] plain = [.. PlainUnderWay.Select(underWay => new PlainRedis(redis.Port, RedisWorkload.PartBytes, underWay))];
        IRedisSide[] sides = [.. plain, .. OtherPartBytes.Select(bytes => new PlainRedis(redis.Port, bytes, underWay: 1))];
        await benchmark.MeasureAsync(sides, control);
        foreach (var side in sides) await side.DisposeAsync();
        return benchmark.Results(plain, sides);
    }

    public void Dispose()
    {
        ((IDisposable)_written).Dispose();
        ((IDisposable)_read).Dispose();
    }

    private async Task MeasureAsync(IRedisSide[] sides, RedisClient control)
    {
        foreach (var side in sides)
        {
            // The first round warms up.
            await MeasureAsync(side, control);
            _speeds[side] = new SideSpeeds();
        }

        for (var round = 0; round < Rounds; round++)
        {
            // Who goes first changes with every round.
            for (var i = 0; i < sides.Length; i++) await MeasureAsync(sides[(round + i) % sides.Length], control);
        }
    }

    private async Task MeasureAsync(IRedisSide side, RedisClient control)
    {
        var speeds = _speeds.TryGetValue(side, out var known) ? known : _speeds[side] = new SideSpeeds();
        await ForgetAsync(control);
        var started = Stopwatch.GetTimestamp();
        await side.StoreAsync(_written.Memory);
        speeds.Stores.Add(Speed(started));

        _read.GetSpan().Clear();
        started = Stopwatch.GetTimestamp();
        await side.LoadAsync(_read.Memory);
        speeds.Loads.Add(Speed(started));
        if (!_read.GetSpan().SequenceEqual(_written.GetSpan())) throw new InvalidDataException($"{side.Name} read other bytes than it wrote.");

        for (var i = 0; i < ProbesPerRound; i++)
        {
            started = Stopwatch.GetTimestamp();
            await side.ProbeAsync();
            speeds.Probes.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
    }

    /// <summary>
    /// Deletes all keys one by one, so that Redis keeps their memory and fills it again, as it does when it is full and evicts. FLUSHALL
    /// would give it back to the system, and the next store would pay for the first touch of each page: half the speed.
    /// </summary>
    private static async Task ForgetAsync(RedisClient control)
    {
        foreach (var key in (await control.CommandAsync("KEYS", "*")).Texts) await control.CommandAsync("DEL", key);
    }

    /// <summary>Every side against the better of the plain ones.</summary>
    private List<BenchmarkResult> Results(IReadOnlyList<IRedisSide> plain, IReadOnlyList<IRedisSide> sides)
    {
        var (store, load) = (plain.Max(side => _speeds[side].Store), plain.Max(side => _speeds[side].Load));
        var probe = plain.Min(side => _speeds[side].Probe);
        var results = new List<BenchmarkResult>();
        foreach (var side in sides)
        {
            results.Add(BenchmarkResult.Shown($"{side.Name}_store", _speeds[side].Store, "GB/s", store));
            results.Add(BenchmarkResult.Shown($"{side.Name}_load", _speeds[side].Load, "GB/s", load));
        }

        results.Add(BenchmarkResult.Shown("redis_plain_exists_p50", probe, "us"));
        return results;
    }

    private static double Speed(long started) => RedisWorkload.PromptBytes / Stopwatch.GetElapsedTime(started).TotalSeconds / 1e9;
}
