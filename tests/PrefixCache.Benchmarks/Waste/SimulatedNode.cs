using System.Runtime.InteropServices;
using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Benchmarks.Waste;

/// <summary>
/// The node's own classes over an arena of which no byte is ever touched, so that it may be larger than the machine's memory.
/// </summary>
internal sealed class SimulatedNode : IDisposable
{
    /// <summary>A third of the prompts begin with one of so many texts of so many tokens.</summary>
    private const int SharedPrefixes = 64;
    private const int SharedTokens = 1024;

    private readonly CacheNode _node;
    private readonly Session _session;
    private readonly Random _random = new(5);
    private uint _prompts = SharedPrefixes;

    /// <param name="capacityBytes">Of the arena; takes address space alone.</param>
    public SimulatedNode(long capacityBytes)
    {
        var host = new HostTierOptions { CapacityBytes = capacityBytes, LockPages = false, ReserveMemory = false };
        _node = new CacheNode(new CacheNodeOptions { Host = host });
        _session = Value(_node.Sessions.Open(new SessionRequest("default", "benchmark", SessionRole.Scheduler)));
    }

    public CacheNode Node => _node;

    /// <summary>The tier, once something is stored.</summary>
    public HostTier? Host { get; private set; }

    /// <summary>Bytes that blocks took, rounding included.</summary>
    public long StoredBytes { get; private set; }

    public KvLayout Register(KvLayout layout) => Value(_node.Layouts.Register(layout));

    /// <summary>Looks a new prompt up, stores what is missing, releases.</summary>
    /// <param name="checksums">What the writer says of each block; not looked at.</param>
    public void Store(KvLayout layout, int tokens, Func<ulong[]> checksums)
    {
        var answer = Value(_node.Lookups.Lookup(new LookupQuery(_session, "prompt", layout, "", "", 0, 0), Prompt(tokens)));
        var offers = new StoreOffer[ChunkPosition.Count(tokens, layout.ChunkTokens)];
        for (var i = 0; i < offers.Length; i++)
            offers[i] = new StoreOffer(ChunkPosition.Handle(i), ChunkPosition.Tokens(i, tokens, layout.ChunkTokens));
        using (var transfer = Value(_node.Stores.Open(_session, answer.Reservation, 0, offers)))
        {
            foreach (var write in transfer.Writes)
            {
                Host = (HostTier)write.Node.Tree.Store.Tier;
                StoredBytes += write.Block.Extent.Length;
                transfer.Commit(write, checksums());
            }
        }

        Value(_node.Lookups.Release(_session, answer.Reservation, ReleaseScope.Done, null, null));
    }

    public void Dispose() => _node.Dispose();

    /// <summary>Tokens that no other prompt begins with, but for the shared beginning that it may have.</summary>
    private TokenBuffer Prompt(int count)
    {
        var buffer = new TokenBuffer(count);
        var tokens = MemoryMarshal.Cast<byte, uint>(buffer.Memory.Span);
        tokens.Clear();
        var unique = 0;
        if (count > SharedTokens && _random.Next(3) == 0)
        {
            tokens[0] = (uint)_random.Next(SharedPrefixes);
            unique = SharedTokens;
        }

        tokens[unique] = _prompts++;
        return buffer;
    }

    private static T Value<T>(Core.Results.Result<T> result) =>
        result.Succeeded(out var value, out var error) ? value : throw new InvalidOperationException(error.Message);
}
