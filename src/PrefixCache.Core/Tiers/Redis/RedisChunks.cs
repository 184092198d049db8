using System.Security.Cryptography;
using System.Text;
using PrefixCache.Core.Tiers.Redis.Resp;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Chunks as immutable objects in Redis: parts first, then the manifest that makes them visible (docs/redis.md).</summary>
/// <remarks>
/// Thread-safe. Payload goes from the socket into the caller's memory and back; nothing of it is allocated. <see cref="Read"/> and
/// <see cref="Write"/> block their thread, which is one of those that do nothing else. Every method throws <see cref="RedisException"/>
/// where the server fails.
/// </remarks>
internal sealed class RedisChunks(RedisOptions options, RedisTopology topology)
{
    /// <summary>Parts without a manifest go after so long.</summary>
    private static readonly TimeSpan UncommittedTime = TimeSpan.FromMinutes(2);

    /// <summary>Chunks behind one chunk that are known by their tokens, at most.</summary>
    private const int MaxChildren = 256;

    /// <summary>Taken on either side: some of them may be gone.</summary>
    private const int Neighbours = 4;

    /// <summary>Time-outs that each part may take, and one part more.</summary>
    private const int PartTimeOuts = 4;

    /// <summary>Deletes a manifest and its parts, if it is still the one that was read.</summary>
    private const string DeleteScript =
        "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('UNLINK',unpack(KEYS)) else return 0 end";

    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(options.Prefix);

    public RedisName NameOf(in ChunkKey key) => new(_prefix, key);

    /// <summary>The manifests of chunks, in one round trip.</summary>
    /// <returns>For each chunk its shards', or null where one is missing.</returns>
    public async Task<ChunkManifest[]?[]> FindAsync(IReadOnlyList<(RedisName Name, int Tokens)> chunks, IReadOnlyList<ShardShape> shapes)
    {
        using var batch = new RedisBatch(topology);
        var together = !topology.IsCluster;
        RespCommands? command = null;
        foreach (var (name, _) in chunks)
        {
            // One command where one server has all keys: half the work for it. A cluster takes no keys of several slots in one.
            if (command is null || !together) command = batch.Command(name, "MGET", 1 + (shapes.Count * (together ? chunks.Count : 1)));
            for (var shard = 0; shard < shapes.Count; shard++) name.AddManifest(command, shard);
        }

        await batch.SendAsync();
        var found = new ChunkManifest[]?[chunks.Count];
        List<(RedisName Name, int Shard, byte[] Bytes)>? broken = null;
        for (var i = 0; i < found.Length; i++)
        {
            var values = batch.Reply(together ? 0 : i).Items;
            if (values.Count != shapes.Count * (together ? chunks.Count : 1))
                throw new RedisException(RedisFault.Protocol, $"MGET answered {values.Count} values to other keys.");
            var manifests = new ChunkManifest?[shapes.Count];
            for (var shard = 0; shard < manifests.Length; shard++)
            {
                var value = values[(together ? i * shapes.Count : 0) + shard];
                manifests[shard] = ChunkManifest.TryRead(value.Array, shapes[shard], chunks[i].Tokens);
                if (manifests[shard] is null && !value.IsNull) (broken ??= []).Add((chunks[i].Name, shard, value.Array));
            }

            found[i] = Array.TrueForAll(manifests, manifest => manifest is not null) ? (ChunkManifest[])manifests! : null;
        }

        // Nobody could ever write another one while it is there.
        foreach (var (name, shard, bytes) in broken ?? []) await DeleteAsync(name, shard, bytes, null);
        return found;
    }

    /// <summary>Keeps chunks that were found from being evicted, whole: Redis does not know that a manifest needs its parts.</summary>
    /// <returns>For each chunk, whether all of it is there.</returns>
    public async Task<bool[]> TouchAsync(IReadOnlyList<(RedisName Name, ChunkManifest[] Shards)> chunks)
    {
        using var batch = new RedisBatch(topology);
        foreach (var (name, shards) in chunks)
        {
            var command = batch.Command(name, "TOUCH", 1 + shards.Sum(manifest => manifest.Parts + 1));
            AddKeys(command, name, shards);
        }

        await batch.SendAsync();
        return [.. chunks.Select((chunk, i) => batch.Reply(i).Number == chunk.Shards.Sum(manifest => manifest.Parts + 1))];
    }

    /// <summary>Reads a shard into memory and checks every segment.</summary>
    /// <param name="target">As long as the payload.</param>
    public ChunkReadOutcome Read(RedisName name, int shard, ChunkManifest manifest, ShardShape shape, Memory<byte> target)
    {
        try
        {
            return Move(name, manifest, connection => ReadPartsAsync(connection, name, shard, manifest, shape, target),
                outcome => outcome == ChunkReadOutcome.Loaded);
        }
        catch (RedisException exception) when (exception.Fault == RedisFault.WrongType)
        {
            return ChunkReadOutcome.Damaged;
        }
    }

    /// <summary>Lets a chunk that was loaded live on.</summary>
    public async Task ExtendAsync(RedisName name, ChunkManifest[] shards)
    {
        using var batch = new RedisBatch(topology);
        for (var shard = 0; shard < shards.Length; shard++)
        {
            // The manifest last: it must not outlive its parts.
            for (var part = 0; part < shards[shard].Parts; part++)
                name.AddPart(batch.Command(name, "PEXPIRE", 3), shard, shards[shard].Nonce, part).AddMilliseconds(options.TimeToLive);
            name.AddManifest(batch.Command(name, "PEXPIRE", 3), shard).AddMilliseconds(options.TimeToLive);
        }

        await batch.SendAsync();
    }

    /// <summary>Every shard of a chunk is there already.</summary>
    public async Task<bool> IsThereAsync(RedisName name, int shards)
    {
        using var batch = new RedisBatch(topology);
        var command = batch.Command(name, "EXISTS", 1 + shards);
        for (var shard = 0; shard < shards; shard++) name.AddManifest(command, shard);
        await batch.SendAsync();
        return batch.Reply(0).Number == shards;
    }

    /// <summary>Writes a shard, which others see when all of it is there.</summary>
    /// <param name="payload">Not changed meanwhile.</param>
    public ChunkWriteOutcome Write(RedisName name, int shard, int tokens, ReadOnlyMemory<byte> payload, ulong[] checksums)
    {
        var nonce = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var manifest = ChunkManifest.Make(tokens, nonce, payload.Length, options.PartBytes, checksums);
        return Move(name, manifest, connection => WritePartsAsync(connection, name, shard, manifest, payload), _ => true);
    }

    /// <summary>Deletes what turned out to be damaged, unless somebody has written it anew.</summary>
    public Task DeleteAsync(RedisName name, int shard, ChunkManifest manifest) => DeleteAsync(name, shard, manifest.Bytes, manifest);

    /// <summary>The neighbours, in the order of tokens, of a run behind a chunk: whichever shares most with it is among them.</summary>
    /// <param name="parent">The chunk before, or the root.</param>
    /// <param name="run">u32 big-endian each, so that the order of bytes is that of tokens.</param>
    /// <returns>Tokens of each, in the same form.</returns>
    public async Task<IReadOnlyList<byte[]>> FindChildrenAsync(RedisName parent, byte[] run)
    {
        using var batch = new RedisBatch(topology);
        parent.AddChildren(batch.Command(parent, "ZRANGEBYLEX", 7)).Add("["u8, run).Add("+").Add("LIMIT").Add(0).Add(Neighbours);
        parent.AddChildren(batch.Command(parent, "ZREVRANGEBYLEX", 7)).Add("("u8, run).Add("-").Add("LIMIT").Add(0).Add(Neighbours);
        await batch.SendAsync();
        return [.. batch.Reply(0).Items.Concat(batch.Reply(1).Items).Select(member => member.Bytes.ToArray())];
    }

    /// <summary>Makes a chunk known to those that share its first tokens.</summary>
    /// <param name="tokens">u32 big-endian each.</param>
    public async Task AddChildAsync(RedisName parent, byte[] tokens, int chunkTokens)
    {
        using var batch = new RedisBatch(topology);
        parent.AddChildren(batch.Command(parent, "ZADD", 4)).Add(0).Add(tokens);
        parent.AddChildren(batch.Command(parent, "PEXPIRE", 3)).AddMilliseconds(options.TimeToLive);
        parent.AddChildren(batch.Command(parent, "ZCARD", 2));
        await batch.SendAsync();
        batch.Reply(0);
        var over = (int)batch.Reply(2).Number - MaxChildren;
        if (over <= 0) return;

        // Any of the whole chunks: short ones are what several share.
        using var pick = new RedisBatch(topology);
        parent.AddChildren(pick.Command(parent, "ZRANDMEMBER", 3)).Add(2 * Math.Max(over, Neighbours));
        await pick.SendAsync();
        var picked = pick.Reply(0).Items.OrderByDescending(member => member.Bytes.Length == chunkTokens * sizeof(uint)).Take(over);
        foreach (var member in picked) await RemoveChildAsync(parent, member.Bytes.ToArray());
    }

    public async Task RemoveChildAsync(RedisName parent, byte[] tokens)
    {
        using var batch = new RedisBatch(topology);
        parent.AddChildren(batch.Command(parent, "ZREM", 3)).Add(tokens);
        await batch.SendAsync();
    }

    private async Task DeleteAsync(RedisName name, int shard, byte[] bytes, ChunkManifest? manifest)
    {
        using var batch = new RedisBatch(topology);
        var parts = manifest?.Parts ?? 0;
        var command = batch.Command(name, "EVAL", 5 + parts).Add(DeleteScript).Add(1 + parts);
        name.AddManifest(command, shard);
        for (var part = 0; part < parts; part++) name.AddPart(command, shard, manifest!.Nonce, part);
        command.Add(bytes);
        await batch.SendAsync();
    }

    private static void AddKeys(RespCommands command, RedisName name, ChunkManifest[] shards)
    {
        for (var shard = 0; shard < shards.Length; shard++)
        {
            name.AddManifest(command, shard);
            for (var part = 0; part < shards[shard].Parts; part++) name.AddPart(command, shard, shards[shard].Nonce, part);
        }
    }

    /// <summary>
    /// One part after the other: a server that is asked for several builds all of them in its memory before it sends, past the processor's
    /// caches. The next one is asked for as soon as the last byte of one has come, before that is checked.
    /// </summary>
    private static async Task<ChunkReadOutcome> ReadPartsAsync(
        RespConnection connection, RedisName name, int shard, ChunkManifest manifest, ShardShape shape, Memory<byte> target)
    {
        using var commands = new RespCommands();
        var check = new SegmentCheck(shape, manifest.Tokens, manifest.Checksums);
        await AskAsync(0);
        for (var part = 0; part < manifest.Parts; part++)
        {
            var (offset, length) = manifest.Part(part);
            if (await connection.Reader.ReadBulkHeadAsync(default) != length) return ChunkReadOutcome.Damaged;
            for (var end = offset + length; offset < end;)
            {
                offset += await connection.Reader.ReadPayloadAsync(target[offset..end], default);
                if (offset == end && part + 1 < manifest.Parts) await AskAsync(part + 1);
                if (!check.IsRight(target.Span, offset)) return ChunkReadOutcome.Damaged;
            }

            await connection.Reader.ReadEndOfLineAsync(default);
        }

        return ChunkReadOutcome.Loaded;

        ValueTask AskAsync(int part)
        {
            commands.Clear();
            name.AddPart(commands.Command("GET", 2), shard, manifest.Nonce, part);
            return connection.WriteAsync(commands.Bytes);
        }
    }

    private async Task<ChunkWriteOutcome> WritePartsAsync(
        RespConnection connection, RedisName name, int shard, ChunkManifest manifest, ReadOnlyMemory<byte> payload)
    {
        using var commands = new RespCommands();
        for (var part = 0; part < manifest.Parts; part++)
        {
            var (offset, length) = manifest.Part(part);
            name.AddPart(commands.Command("SET", 5), shard, manifest.Nonce, part).Announce(length);
            await connection.WriteAsync(commands.Bytes);
            await connection.WriteAsync(payload.Slice(offset, length));
            commands.Clear();
            commands.EndLine().Add("PX").AddMilliseconds(UncommittedTime);
        }

        await connection.WriteAsync(commands.Bytes);
        RespValue refused = default;
        for (var part = 0; part < manifest.Parts; part++)
        {
            var reply = await connection.Reader.ReadAsync(default);
            if (reply.IsError) refused = reply;
        }

        refused.OrThrow();
        commands.Clear();
        return await CommitAsync(connection, commands, name, shard, manifest);
    }

    /// <summary>Makes what was written visible, unless another one's is already, and lets it live for its time.</summary>
    private async Task<ChunkWriteOutcome> CommitAsync(
        RespConnection connection, RespCommands commands, RedisName name, int shard, ChunkManifest manifest)
    {
        commands.Command("MULTI", 1);
        for (var part = 0; part < manifest.Parts; part++)
            name.AddPart(commands.Command("PEXPIRE", 3), shard, manifest.Nonce, part).AddMilliseconds(options.TimeToLive);
        name.AddManifest(commands.Command("SET", 6), shard).Add(manifest.Bytes)
            .Add("NX").Add("PX").AddMilliseconds(options.TimeToLive);
        commands.Command("EXEC", 1);
        var replies = await connection.CallAsync(commands);

        // What was refused when it was queued says why; EXEC says only that something was.
        foreach (var reply in replies) reply.OrThrow();
        var results = replies[^1].Items;
        if (results.Count != manifest.Parts + 1) throw new RedisException(RedisFault.Protocol, "EXEC answered to other commands.");
        var isFirst = !results[^1].OrThrow().IsNull;
        var isWhole = results.Take(manifest.Parts).All(result => result.OrThrow().Number == 1);
        if (isFirst && isWhole) return ChunkWriteOutcome.Written;
        commands.Clear();
        commands.Command("UNLINK", 1 + manifest.Parts + (isFirst ? 1 : 0));
        if (isFirst) name.AddManifest(commands, shard);
        for (var part = 0; part < manifest.Parts; part++) name.AddPart(commands, shard, manifest.Nonce, part);
        (await connection.CallAsync(commands))[0].OrThrow();
        return isFirst ? ChunkWriteOutcome.Evicted : ChunkWriteOutcome.Present;
    }

    /// <summary>Has a connection of its own move the parts of a chunk, on this thread.</summary>
    /// <param name="isSound">Nothing is left on the connection after that outcome.</param>
    private TOutcome Move<TOutcome>(
        RedisName name, ChunkManifest manifest, Func<RespConnection, Task<TOutcome>> move, Func<TOutcome, bool> isSound)
    {
        var endpoint = topology.MasterOf(name);
        var connection = endpoint.Rent();
        using var limit = Limit(connection, manifest.Parts);
        var isReusable = false;
        try
        {
            var outcome = move(connection).GetAwaiter().GetResult();
            isReusable = isSound(outcome);
            return outcome;
        }
        catch (Exception exception) when (limit.IsCancellationRequested)
        {
            throw new RedisException(RedisFault.TimeOut, $"Redis at {endpoint.Address} is too slow: a chunk took too long.", exception);
        }
        catch (Exception exception) when (exception is not RedisException)
        {
            throw RespConnection.Translate(exception, endpoint.Address);
        }
        finally
        {
            endpoint.Return(connection, isReusable);
        }
    }

    /// <summary>Ends a connection over which bytes come, but so slowly that who waits for the chunk computes it sooner.</summary>
    private CancellationTokenSource Limit(RespConnection connection, int parts)
    {
        var time = Math.Min(options.TimeOut.TotalSeconds * PartTimeOuts * (parts + 1), TimeSpan.SecondsPerDay);
        var limit = new CancellationTokenSource(TimeSpan.FromSeconds(time));
        limit.Token.Register(connection.Dispose);
        return limit;
    }

    /// <summary>Compares each segment with its checksum as soon as it is whole, while it is in the processor's cache.</summary>
    private struct SegmentCheck(ShardShape shape, int tokens, ulong[] checksums)
    {
        private int _next;

        /// <param name="payload">Of the shard.</param>
        /// <param name="bytes">How many have come, from the first on.</param>
        public bool IsRight(ReadOnlySpan<byte> payload, int bytes)
        {
            for (; _next < shape.Segments; _next++)
            {
                var offset = shape.SegmentOffset(_next, tokens);
                var length = shape.SegmentBytesPerToken(_next) * tokens;
                if (offset + length > bytes) return true;
                if (Xxh3.Hash64(payload.Slice(offset, length)) != checksums[_next]) return false;
            }

            return true;
        }
    }
}
