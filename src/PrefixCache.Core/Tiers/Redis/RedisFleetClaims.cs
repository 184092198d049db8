using PrefixCache.Core.Claims;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Claims among the nodes that share a Redis: a key each, with who holds it and what he computes, that goes unless renewed.</summary>
/// <remarks>Thread-safe. Whoever waits says so on the channel of events, and hears there that a claim was let go.</remarks>
internal sealed class RedisFleetClaims(RedisTier redis) : IFleetClaims
{
    private const string WaitWord = "wait";
    private const string EndWord = "claim-end";
    private const int HolderBytes = 16;

    /// <summary>Only who holds a key renews it or lets it go.</summary>
    private const string RenewScript =
        "if redis.call('GETRANGE',KEYS[1],0,15)==ARGV[1] then return redis.call('PEXPIRE',KEYS[1],ARGV[2]) else return 0 end";
    private const string ReleaseScript =
        "if redis.call('GETRANGE',KEYS[1],0,15)==ARGV[1] then return redis.call('DEL',KEYS[1]) else return 0 end";

    public event Action<ChunkKey>? WaiterRegistered;

    public event Action<ChunkKey>? Changed;

    public async ValueTask<FleetTake> TryTakeAsync(
        ChunkKey key, Guid holder, ReadOnlyMemory<byte> tokens, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var value = new byte[HolderBytes + tokens.Length];
        holder.TryWriteBytes(value);
        tokens.Span.CopyTo(value.AsSpan(HolderBytes));
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var batch = new RedisBatch(redis.Topology);
            Name(batch, key, "SET", 6).Add(value).Add("NX").Add("PX").AddMilliseconds(lifetime);
            Name(batch, key, "GET", 2);
            await SendAsync(batch);
            if (!batch.Reply(0).IsNull) return new FleetTake(true);
            var held = batch.Reply(1);
            if (held.Bytes.Length >= HolderBytes)
                return new FleetTake(held.Bytes[..HolderBytes].SequenceEqual(value.AsSpan(0, HolderBytes)), held.Array.AsMemory(HolderBytes));

            // Let go in between: it is to be had now.
        }
    }

    public async ValueTask<bool> RenewAsync(ChunkKey key, Guid holder, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        using var batch = new RedisBatch(redis.Topology);
        var name = redis.Chunks.NameOf(key);
        name.AddClaim(batch.Command(name, "EVAL", 6).Add(RenewScript).Add(1)).Add(holder.ToByteArray()).AddMilliseconds(lifetime);
        await SendAsync(batch);
        return batch.Reply(0).Number == 1;
    }

    public async ValueTask ReleaseAsync(ChunkKey key, Guid holder, CancellationToken cancellationToken)
    {
        using var batch = new RedisBatch(redis.Topology);
        var name = redis.Chunks.NameOf(key);
        name.AddClaim(batch.Command(name, "EVAL", 5).Add(ReleaseScript).Add(1)).Add(holder.ToByteArray());
        await SendAsync(batch);
        if (batch.Reply(0).Number == 1) await redis.Events.TellAsync(EndWord, key.ToString());
    }

    public async ValueTask<bool> RegisterWaiterAsync(ChunkKey key, CancellationToken cancellationToken)
    {
        using var batch = new RedisBatch(redis.Topology);
        Name(batch, key, "EXISTS", 2);
        await SendAsync(batch);
        if (batch.Reply(0).Number == 0) return false;

        // Told again with every call, in case that it got lost.
        await redis.Events.TellAsync(WaitWord, key.ToString());
        return true;
    }

    /// <summary>A word came from another node, or from this one.</summary>
    public void Hear(string kind, string text)
    {
        if (text.Length != 2 * ChunkKey.Length) return;
        ChunkKey key = default;
        if (Convert.FromHexString(text, key, out _, out _) != System.Buffers.OperationStatus.Done) return;
        if (kind == WaitWord) WaiterRegistered?.Invoke(key);
        else if (kind == EndWord) Changed?.Invoke(key);
    }

    private RespCommands Name(RedisBatch batch, in ChunkKey key, string command, int arguments)
    {
        var name = redis.Chunks.NameOf(key);
        return name.AddClaim(batch.Command(name, command, arguments));
    }

    private async Task SendAsync(RedisBatch batch)
    {
        if (!redis.Health.IsWritable) throw new RedisException(RedisFault.Other, "Redis takes no writes now.");
        try
        {
            await batch.SendAsync();
        }
        catch (RedisException exception)
        {
            redis.Failed(exception);
            throw;
        }
    }
}
