using Google.Protobuf;
using PrefixCache.Client;
using PrefixCache.Format.Copying;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.TestWorker;

/// <summary>
/// A store into shared memory, written by hand, that does one step at a time: its process can be stopped or killed between any two, and it
/// goes on to write whatever became of its call.
/// </summary>
/// <remarks>Opens a session of its own, as rank 0 of the client's instance. Used by one thread at a time.</remarks>
internal sealed class SteppedStore : IAsyncDisposable
{
    private readonly KvLayout _layout;
    private readonly int[] _tokens;
    private readonly RpcChannel _channel;
    private readonly ServerStreamingCall<SessionEvent> _session;
    private readonly DuplexCall<StoreRequest, StoreResponse> _call;
    private ArenaView? _arena;

    private SteppedStore(PrefixCacheClientOptions client, KvLayout layout, int[] tokens)
    {
        (_layout, _tokens) = (layout, tokens);
        _channel = new RpcChannel(new RpcChannelOptions { Address = client.Address });
        _session = _channel.ServerStreaming(PrefixCacheMethods.OpenSession, new OpenSessionRequest
        {
            VersionMajor = 1,
            InstanceId = client.InstanceId,
            Role = OpenSessionRequest.Types.Role.Rank,
        });
        _call = _channel.Duplex(PrefixCacheMethods.Store);
    }

    /// <summary>Where each chunk goes, in bytes from the arena's start; none when the node grants no memory.</summary>
    public long[] Offsets { get; private set; } = [];

    /// <summary>Offers all chunks of a prompt of which the node has none, and gets the plan.</summary>
    public static async Task<SteppedStore> OpenAsync(PrefixCacheClientOptions client, ulong reservation, KvLayout layout, int[] tokens)
    {
        var store = new SteppedStore(client, layout, tokens);
        try
        {
            await store.OpenAsync(reservation);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes half of a chunk's bytes, or all.</summary>
    public unsafe void Write(int chunk, bool whole)
    {
        var payload = TestKv.ChunkPayload(_layout, _tokens, chunk);
        var bytes = whole ? payload.Length : payload.Length / 2;
        fixed (byte* source = payload) PayloadCopy.Copy(source, _arena!.Payload(Offsets[chunk], bytes), bytes);
        PayloadCopy.Fence();
    }

    /// <summary>Commits a chunk and waits for the node's word.</summary>
    public async Task CommitAsync(int chunk)
    {
        var payload = TestKv.ChunkPayload(_layout, _tokens, chunk);
        var shape = _layout.Shapes[0];
        var tokens = payload.Length / shape.BytesPerToken;
        var commit = new StoreCommit { Handle = (ulong)chunk + 1 };
        for (var segment = 0; segment < shape.Segments; segment++)
            commit.Checksums.Add(Xxh3.Hash64(
                payload.AsSpan(shape.SegmentOffset(segment, tokens), shape.SegmentBytesPerToken(segment) * tokens)));
        await _call.Requests.WriteAsync(new StoreRequest { Commit = commit });
        var outcome = (await NextAsync(_call.Responses)).Result?.Outcome;
        if (outcome != StoreResult.Types.Outcome.Committed)
            throw new InvalidDataException($"The commit of chunk {chunk} ended as {outcome}.");
    }

    public ValueTask DisposeAsync()
    {
        _call.Dispose();
        _session.Dispose();
        _channel.Dispose();
        _arena?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task OpenAsync(ulong reservation)
    {
        var opened = (await NextAsync(_session.Responses)).Opened;
        _arena = await ArenaConnector.ConnectAsync(opened.SharedMemory.Socket, opened.Session.Memory, CancellationToken.None);
        var open = new StoreOpen { Session = opened.Session, Reservation = reservation, SharedMemory = true };
        for (var first = 0; first < _tokens.Length; first += _layout.ChunkTokens)
        {
            var tokens = Math.Min(_layout.ChunkTokens, _tokens.Length - first);
            open.Chunks.Add(new StoreOffer { Handle = (ulong)(first / _layout.ChunkTokens) + 1, Tokens = (uint)tokens });
        }

        await _call.Requests.WriteAsync(new StoreRequest { Open = open });
        var plan = (await NextAsync(_call.Responses)).Plan;
        if (plan.Decisions.Any(decision => decision.Action != StoreDecision.Types.Action.Wanted))
            throw new InvalidDataException($"The node does not want every chunk: {plan}");
        Offsets = [.. plan.Grant?.Offsets.Select(offset => (long)offset) ?? []];
    }

    private static async Task<T> NextAsync<T>(MessageReader<T> responses)
        where T : class, IMessage<T> =>
        await responses.MoveNextAsync() ? responses.Current : throw new InvalidDataException("The node ended the call.");
}
