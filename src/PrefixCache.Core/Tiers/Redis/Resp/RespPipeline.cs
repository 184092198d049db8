using System.Collections.Concurrent;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>A connection that many share: each sends its commands behind the others', and gets its replies in that order.</summary>
/// <remarks>Thread-safe. When it breaks, all who wait learn of it, and it is not used again.</remarks>
internal sealed class RespPipeline : IDisposable
{
    /// <summary>More who wait than that, and the next ones do without.</summary>
    private const int MaxWaiting = 1024;

    private readonly RespConnection _connection;

    // Without a wait handle there is nothing to dispose, and who waits may come after the end.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _writing = new(1);
#pragma warning restore CA2213
    private readonly ConcurrentQueue<Call> _calls = new();
    private int _waiting;
    private RedisException? _broken;

    public RespPipeline(RespConnection connection)
    {
        _connection = connection;
        _ = ReadRepliesAsync();
    }

    public bool IsBroken => Volatile.Read(ref _broken) is not null;

    /// <summary>Sends commands in one go.</summary>
    /// <returns>One reply each; errors of the server are among them.</returns>
    /// <exception cref="RedisException">The connection is broken, or the server does not answer.</exception>
    public async Task<RespValue[]> CallAsync(RespCommands commands)
    {
        if (commands.Count == 0) return [];
        if (!commands.IsWhole) throw new InvalidOperationException("Arguments of the last command are missing.");
        var call = new Call(commands.Count);
        var waiting = Interlocked.Increment(ref _waiting);
        if (waiting > MaxWaiting)
        {
            // Many at once say nothing about the server: one that does not answer is found out by its silence.
            Interlocked.Decrement(ref _waiting);
            throw new RedisException(RedisFault.Other, $"More than {MaxWaiting} calls wait for Redis at {_connection.Address}.");
        }

        // Who comes later must not give the server more time for those before.
        if (waiting == 1) _connection.Watch();
        await _writing.WaitAsync();
        try
        {
            if (_broken is { } broken) throw broken;
            _calls.Enqueue(call);
            await _connection.WriteAsync(commands.Bytes);
        }
        catch (Exception exception)
        {
            Break(exception);
            call.Replies.TrySetException(_broken!);
        }
        finally
        {
            _writing.Release();
        }

        return await call.Replies.Task;
    }

    public void Dispose() => Break(new RedisException(RedisFault.Connection, "The connection was closed."));

    private async Task ReadRepliesAsync()
    {
        try
        {
            while (true)
            {
                var reply = await _connection.Reader.ReadAsync(_connection.Stalled);
                if (!_calls.TryPeek(out var call)) throw new RedisException(RedisFault.Protocol, "A reply came to no command.");
                if (!call.Add(reply))
                {
                    _connection.Watch();
                    continue;
                }

                // Out of the queue before its caller goes on, who may break the connection.
                _calls.TryDequeue(out _);
                if (Interlocked.Decrement(ref _waiting) > 0) _connection.Watch();
                else Rest();
                call.Complete();
            }
        }
        catch (Exception exception)
        {
            Break(exception);
        }
    }

    /// <summary>A call may begin to wait at the same moment: its watch must not be lost.</summary>
    private void Rest()
    {
        _connection.Rest();
        if (Volatile.Read(ref _waiting) > 0) _connection.Watch();
    }

    private void Break(Exception exception)
    {
        var fault = RespConnection.Translate(exception, _connection.Address);
        Interlocked.CompareExchange(ref _broken, fault, null);
        _connection.Dispose();
        while (_calls.TryDequeue(out var call)) call.Replies.TrySetException(_broken);
    }

    private sealed class Call(int count)
    {
        private readonly RespValue[] _replies = new RespValue[count];
        private int _next;

        public TaskCompletionSource<RespValue[]> Replies { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <returns>It was the last.</returns>
        public bool Add(RespValue reply)
        {
            _replies[_next++] = reply;
            return _next == _replies.Length;
        }

        public void Complete() => Replies.TrySetResult(_replies);
    }
}
