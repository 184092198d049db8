using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Keeps the epochs of namespaces and tenants the same on every node: what one clears is gone for all, and stays gone.</summary>
/// <remarks>
/// They lie in one hash, which has no time to live. Redis is not used before they were read: a node that starts must not find what was
/// cleared before.
/// </remarks>
/// <param name="mine">What this node knows.</param>
/// <param name="learn">Takes what others have told.</param>
// Its semaphore has no wait handle: there is nothing to dispose, and who waits may come after the end.
#pragma warning disable CA1001
internal sealed class RedisEpochs(RedisOptions options, RedisTopology topology, RedisEvents events,
    Func<IReadOnlyList<(string Name, ulong Epoch)>> mine, Action<IReadOnlyList<(string Name, ulong Epoch)>> learn)
#pragma warning restore CA1001
{
    public const string Word = "epoch";

    /// <summary>Sets a field unless it is higher already.</summary>
    private const string RaiseScript =
        "for i=1,#ARGV,2 do local v=redis.call('HGET',KEYS[1],ARGV[i]) "
        + "if not v or tonumber(v)<tonumber(ARGV[i+1]) then redis.call('HSET',KEYS[1],ARGV[i],ARGV[i+1]) end end "
        + "if ARGV[1]=='*' then for i,n in ipairs(redis.call('HKEYS',KEYS[1])) do "
        + "if n~='*' and tonumber(redis.call('HGET',KEYS[1],n))<=tonumber(ARGV[2]) then redis.call('HDEL',KEYS[1],n) end end end "
        + "return redis.call('HGETALL',KEYS[1])";

    private const int PerCall = 256;

    private readonly ConcurrentQueue<(string Name, ulong Epoch)> _unpublished = new();

    private readonly SemaphoreSlim _telling = new(1);

    private string Key => $"{options.Prefix}:epochs";

    private int Slot => HashSlot.Of(Encoding.UTF8.GetBytes(Key));

    /// <summary>Tells Redis what this node knows, and learns what it does not.</summary>
    /// <exception cref="RedisException">The server fails.</exception>
    public async Task SynchronizeAsync()
    {
        if (events.Refusal is { } refusal) throw new RedisException(refusal.Fault, refusal.Message);
        var known = mine();
        var next = 0;
        do
        {
            var part = known.Skip(next).Take(PerCall).ToList();
            next += PerCall;
            learn(Read(await RaiseAsync(part)));
        }
        while (next < known.Count);
    }

    /// <summary>This node has cleared something: every other is to, too.</summary>
    public void Add(string name, ulong epoch) => _unpublished.Enqueue((name, epoch));

    /// <summary>Tells what others do not know yet, and what a server that evicts has lost.</summary>
    /// <exception cref="RedisException">The server fails; what could not be told is kept.</exception>
    public async Task KeepUpAsync()
    {
        if (events.Refusal is { } refusal) throw new RedisException(refusal.Fault, refusal.Message);
        await TellAsync();
        using var batch = new RedisBatch(topology);
        batch.Command(Slot, "HLEN", 2).Add(Key);
        await batch.SendAsync();
        if (batch.Reply(0).Number < mine().Count) await SynchronizeAsync();
    }

    /// <summary>Another node has cleared something.</summary>
    public void Hear(string text)
    {
        var space = text.LastIndexOf(' ');
        if (space > 0 && ulong.TryParse(text.AsSpan(space + 1), CultureInfo.InvariantCulture, out var epoch)) learn([(text[..space], epoch)]);
    }

    /// <summary>One at a time: what two tell at once, one of them would take for told.</summary>
    private async Task TellAsync()
    {
        await _telling.WaitAsync();
        try
        {
            while (_unpublished.TryPeek(out var epoch))
            {
                await RaiseAsync([epoch]);
                await events.TellAsync(Word, string.Create(CultureInfo.InvariantCulture, $"{epoch.Name} {epoch.Epoch}"));
                _unpublished.TryDequeue(out _);
            }
        }
        finally
        {
            _telling.Release();
        }
    }

    private async Task<RespValue> RaiseAsync(List<(string Name, ulong Epoch)> epochs)
    {
        using var batch = new RedisBatch(topology);
        var command = batch.Command(Slot, "EVAL", 4 + (2 * epochs.Count)).Add(RaiseScript).Add(1).Add(Key);
        foreach (var (name, epoch) in epochs) command.Add(name).Add((long)epoch);
        await batch.SendAsync();
        return batch.Reply(0);
    }

    private static List<(string Name, ulong Epoch)> Read(RespValue reply)
    {
        var epochs = new List<(string Name, ulong Epoch)>(reply.Items.Count / 2);
        for (var i = 0; i + 1 < reply.Items.Count; i += 2)
            if (ulong.TryParse(reply.Items[i + 1].Text, CultureInfo.InvariantCulture, out var epoch)) epochs.Add((reply.Items[i].Text, epoch));
        return epochs;
    }
}
