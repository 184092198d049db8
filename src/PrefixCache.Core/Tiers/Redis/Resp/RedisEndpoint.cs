using System.Collections.Concurrent;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>One server: a pipeline for small commands, and connections for payload.</summary>
/// <remarks>Thread-safe. Connects when it is first used, and again after a failure; at most once in <see cref="RetryAfter"/>.</remarks>
internal sealed class RedisEndpoint(RedisOptions options, RedisAddress address, TimeProvider time) : IDisposable
{
    private const int SharedBufferBytes = 64 << 10;

    /// <summary>What comes behind a line is copied once more: little of a part of some MiB.</summary>
    private const int PayloadBufferBytes = 4 << 10;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    // Without a wait handle there is nothing to dispose, and who waits may come after the end.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _connecting = new(1);
#pragma warning restore CA2213
    private readonly ConcurrentBag<RespConnection> _idle = [];
    private readonly ConcurrentDictionary<RespConnection, bool> _rented = new(ReferenceEqualityComparer.Instance);
    private volatile RespPipeline? _pipeline;
    private RedisException? _failure;
    private long _failedAt;
    private volatile bool _disposed;

    public RedisAddress Address => address;

    /// <summary>Sends small commands with those of others.</summary>
    /// <exception cref="RedisException">The server cannot be reached, or does not answer.</exception>
    public async Task<RespValue[]> CallAsync(RespCommands commands)
    {
        var pipeline = _pipeline is { IsBroken: false } open ? open : await ConnectAsync();
        return await pipeline.CallAsync(commands);
    }

    /// <summary>A connection for payload that is the caller's alone, who blocks on it.</summary>
    /// <remarks>What the server has closed meanwhile, by a restart or its own <c>timeout</c>, fails nobody: another is taken.</remarks>
    /// <exception cref="RedisException">The server cannot be reached.</exception>
    public RespConnection Rent()
    {
        var connection = TakeIdle() ?? RespConnection.OpenBlocking(options, address, PayloadBufferBytes);
        _rented[connection] = true;

        // Whoever blocks on it is woken by its end.
        if (_disposed) connection.Dispose();
        return connection;
    }

    /// <param name="isSound">Nothing is left to be read or written on it.</param>
    public void Return(RespConnection connection, bool isSound)
    {
        _rented.TryRemove(connection, out _);
        if (isSound) _idle.Add(connection);
        else connection.Dispose();

        // Those that nobody uses may be as dead as this one.
        if (!isSound || _disposed) CloseIdle();
    }

    /// <summary>The connections that nobody uses are opened anew.</summary>
    public void CloseIdle()
    {
        while (_idle.TryTake(out var connection)) connection.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        _pipeline?.Dispose();
        CloseIdle();
        foreach (var connection in _rented.Keys) connection.Dispose();
    }

    private RespConnection? TakeIdle()
    {
        while (_idle.TryTake(out var idle))
        {
            if (idle.IsQuiet) return idle;
            idle.Dispose();
        }

        return null;
    }

    private async Task<RespPipeline> ConnectAsync()
    {
        await _connecting.WaitAsync();
        try
        {
            if (_pipeline is { IsBroken: false } open) return open;
            if (_disposed) throw new RedisException(RedisFault.Connection, "The node stops.");
            if (_failure is { } failure && time.GetElapsedTime(_failedAt) < RetryAfter)
                throw new RedisException(failure.Fault, failure.Message);
            _pipeline?.Dispose();
            CloseIdle();
            _pipeline = new RespPipeline(await RespConnection.OpenAsync(options, address, SharedBufferBytes, CancellationToken.None));
            if (_disposed) _pipeline.Dispose();
            _failure = null;
            return _pipeline;
        }
        catch (RedisException exception)
        {
            (_failure, _failedAt) = (exception, time.GetTimestamp());
            throw;
        }
        finally
        {
            _connecting.Release();
        }
    }
}
