using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What nodes tell one another: a channel of short words over Redis's publish and subscribe.</summary>
/// <remarks>
/// Thread-safe. Words may get lost, while a connection is down: who needs them asks again when <see cref="Resubscribed"/>, and now and then.
/// Listeners are called on the reader's task; they do not block it.
/// </remarks>
internal sealed class RedisEvents : IAsyncDisposable
{
    private const int BufferBytes = 64 << 10;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);

    /// <summary>A connection that nothing comes over is asked whether it lives.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(2);

    private readonly RedisOptions _options;
    private readonly RedisTopology _topology;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public RedisEvents(RedisOptions options, RedisTopology topology, TimeProvider time) =>
        (_options, _topology, _time) = (options, topology, time);

    /// <summary>A word came: its kind, and what follows.</summary>
    public event Action<string, string>? Heard;

    /// <summary>Words are heard from now on; those before may have been missed.</summary>
    public event Action? Resubscribed;

    /// <summary>Why this node may not listen: what others clear it would not learn. Null where it may.</summary>
    public RedisException? Refusal { get; private set; }

    private string Channel => $"{_options.Prefix}:events";

    public void Start() => _loop = Task.Run(ListenAsync);

    /// <param name="kind">Without a space.</param>
    /// <exception cref="RedisException">The server fails.</exception>
    public async Task TellAsync(string kind, string text)
    {
        // In a cluster any server passes it to all.
        using var commands = new RespCommands().Command("PUBLISH", 3).Add(Channel).Add($"{kind} {text}");
        (await Master().CallAsync(commands))[0].OrThrow();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private RedisEndpoint Master() => _topology.Masters.Count > 0
        ? _topology.Masters[0]
        : throw new RedisException(RedisFault.ClusterDown, "No Redis server is known.");

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var connection = await RespConnection.OpenAsync(_options, Master().Address, BufferBytes, _stop.Token);
                await ListenAsync(connection);
            }
            catch (Exception exception) when (exception is RedisException or OperationCanceledException or IOException or ObjectDisposedException)
            {
                // Connected again below; whoever uses Redis otherwise learns it there, but for a right that only listeners need.
                if (exception is RedisException { Fault: RedisFault.Denied } refusal) Refusal = refusal;
            }

            await Task.Delay(RetryAfter, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync(RespConnection connection)
    {
        using var subscribe = new RespCommands().Command("SUBSCRIBE", 2).Add(Channel);
        using var ping = new RespCommands().Command("PING", 1);
        using var stopped = _stop.Token.Register(connection.Dispose);
        connection.Watch();
        await connection.WriteAsync(subscribe.Bytes);
        (await connection.Reader.ReadAsync(connection.Stalled)).OrThrow();
        Refusal = null;
        Resubscribed?.Invoke();
        var next = connection.Reader.ReadAsync(connection.Stalled).AsTask();
        connection.Rest();
        for (var silence = Silence(); ;)
        {
            await Task.WhenAny(next, silence);
            if (silence.IsCompleted)
            {
                silence = Silence();
                connection.Watch();
                await connection.WriteAsync(ping.Bytes);
            }

            if (!next.IsCompleted) continue;

            connection.Rest();
            Hear(await next);
            next = connection.Reader.ReadAsync(connection.Stalled).AsTask();
        }
    }

    private Task Silence() => Task.Delay(PingInterval, _time, _stop.Token);

    private void Hear(RespValue value)
    {
        if (value.Items.Count != 3 || !value.Items[0].Bytes.SequenceEqual("message"u8)) return;
        var text = Encoding.UTF8.GetString(value.Items[2].Bytes);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space > 0) Heard?.Invoke(text[..space], text[(space + 1)..]);
    }
}
