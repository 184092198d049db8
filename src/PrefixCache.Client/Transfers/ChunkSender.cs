using PrefixCache.Client.Sessions;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using ShardShape = PrefixCache.Format.Layouts.ShardShape;

namespace PrefixCache.Client.Transfers;

/// <summary>Offers chunks to the node and sends those that it wants. Used once, by one thread at a time.</summary>
internal sealed class ChunkSender
{
    private readonly KvLayout _layout;
    private readonly TransferOptions _options;
    private readonly int _endToken;
    private readonly IStoreSource _source;
    private readonly TimeProvider _time;
    private readonly long _started;
    private int _committed;
    private int _present;
    private int _refused;
    private long _bytes;
    private TransferPlane _plane;

    public ChunkSender(KvLayout layout, TransferOptions options, int endToken, IStoreSource source, TimeProvider time)
    {
        _layout = layout;
        _options = options;
        _endToken = endToken;
        _source = source;
        _time = time;
        _started = time.GetTimestamp();
    }

    /// <summary>There is nothing to offer.</summary>
    public bool IsEmpty => _options.FirstToken >= _endToken;

    public StoreSummary Summary => new(_committed, _present, _refused, _bytes, _time.GetElapsedTime(_started), _plane);

    /// <summary>The right to write into the arena whose end the node was not told; null when there is none.</summary>
    public (Guid ArenaId, ulong Grant)? OpenGrant { get; private set; }

    public async Task SendAsync(
        NodeSession session, ulong reservation, DuplexCall<StoreRequest, StoreResponse> call, CancellationToken cancellationToken)
    {
        try
        {
            await call.Requests.WriteAsync(new StoreRequest { Open = Open(session, reservation) }, cancellationToken);
            var plan = await NextAsync(call, cancellationToken);
            if (plan.Plan is null) throw new RpcException(StatusCode.Internal, "The node's first answer to a store was no plan.");
            CheckHandles(plan.Plan);
            var wanted = plan.Plan.Decisions.Where(decision => decision.Action == StoreDecision.Types.Action.Wanted).ToList();
            _present = plan.Plan.Decisions.Count(decision => decision.Action == StoreDecision.Types.Action.Present);
            _refused = plan.Plan.Decisions.Count - _present - wanted.Count;
            if (plan.Plan.Grant is { } grant) await WriteChunksAsync(session, grant, wanted, call, cancellationToken);
            else await SendChunksAsync(session, wanted, call, cancellationToken);
            foreach (var _ in wanted) Count(await NextAsync(call, cancellationToken));
            if (await call.Responses.MoveNextAsync(cancellationToken))
                throw new RpcException(StatusCode.Internal, "The node answered more than it was sent.");
            OpenGrant = null;
        }
        catch (RpcException exception) when (exception.Status is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal)
        {
            // A write that fails because the node ended the call: why it did stands in the call's status.
            await ThrowStatusAsync(call, cancellationToken);
            throw;
        }
    }

    private static async Task ThrowStatusAsync(DuplexCall<StoreRequest, StoreResponse> call, CancellationToken cancellationToken)
    {
        while (await call.Responses.MoveNextAsync(cancellationToken))
        {
        }
    }

    private static async Task<StoreResponse> NextAsync(DuplexCall<StoreRequest, StoreResponse> call, CancellationToken cancellationToken) =>
        await call.Responses.MoveNextAsync(cancellationToken)
            ? call.Responses.Current
            : throw new RpcException(StatusCode.Internal, "The node ended the store before it had answered for every chunk.");

    private StoreOpen Open(NodeSession session, ulong reservation)
    {
        var open = new StoreOpen
        {
            Session = session.Id,
            Reservation = reservation,
            Shard = (uint)_options.Shard,
            SharedMemory = session.Arena is { IsWritable: true },
        };
        for (var position = _options.FirstToken / _layout.ChunkTokens; position * _layout.ChunkTokens < _endToken; position++)
            open.Chunks.Add(new StoreOffer { Handle = Handle(position), Tokens = (uint)TokensAt(position) });
        return open;
    }

    /// <summary>What the node says never decides which of the caller's memory is read.</summary>
    private void CheckHandles(StorePlan plan)
    {
        var first = _options.FirstToken / _layout.ChunkTokens;
        for (var i = 0; i < plan.Decisions.Count; i++)
        {
            if (plan.Decisions[i].Tokens > (uint)TokensAt(first + i))
                throw new RpcException(StatusCode.Internal, "The node wants more tokens of a chunk than it has.");
            if (plan.Decisions[i].Handle != Handle(first + i) || (first + i) * _layout.ChunkTokens >= _endToken)
                throw new RpcException(StatusCode.Internal, "The node's plan does not answer the offers in their order.");
        }
    }

    private static ulong Handle(int position) => (ulong)position + 1;

    private int TokensAt(int position) => Math.Min(_layout.ChunkTokens, _endToken - (position * _layout.ChunkTokens));

    /// <summary>What the node wants of a chunk.</summary>
    private int TokensOf(StoreDecision wanted) => wanted.Tokens > 0 ? (int)wanted.Tokens : TokensAt((int)wanted.Handle - 1);

    private async Task SendChunksAsync(NodeSession session, List<StoreDecision> wanted, DuplexCall<StoreRequest, StoreResponse> call,
        CancellationToken cancellationToken)
    {
        var shape = _layout.Shapes[_options.Shard];
        using var parts = new PartBuilder(call.Requests, session.MaxPayloadBytes);
        foreach (var decision in wanted)
        {
            var position = (int)decision.Handle - 1;
            var slice = ChunkSlice.Whole(shape, TokensOf(decision));
            parts.Begin(decision.Handle, slice);
            var first = position * _layout.ChunkTokens;
            await parts.SendAsync(_source.Read(shape, first, slice.Tokens), first, cancellationToken);
            _bytes += slice.Bytes;
        }

        await call.CompleteAsync();
    }

    /// <summary>
    /// Each chunk is committed as soon as it is written. Ending the requests in order tells the node that this process writes no more,
    /// whatever became of the chunks.
    /// </summary>
    private async Task WriteChunksAsync(NodeSession session, WriteGrant grant, List<StoreDecision> wanted,
        DuplexCall<StoreRequest, StoreResponse> call, CancellationToken cancellationToken)
    {
        _plane = TransferPlane.SharedMemory;
        var arenaId = grant.Arena.Length == 16 ? new Guid(grant.Arena.Span, bigEndian: true) : default;
        OpenGrant = (arenaId, grant.Grant);
        if (session.Arena is not { IsWritable: true } arena || arena.ArenaId != arenaId || grant.Offsets.Count != wanted.Count)
            throw new RpcException(StatusCode.Internal, "The node granted memory that this process does not hold.");
        var shape = _layout.Shapes[_options.Shard];
        var committing = Task.CompletedTask;
        for (var i = 0; i < wanted.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var commit = new StoreCommit { Handle = wanted[i].Handle };
            commit.Checksums.AddRange(Write(arena, grant.Offsets[i], shape, wanted[i]));

            // It leaves while the next chunk is written.
            await committing;
            committing = call.Requests.WriteAsync(new StoreRequest { Commit = commit }, cancellationToken).AsTask();
        }

        await committing;
        await call.CompleteAsync();
    }

    private ulong[] Write(ArenaView arena, ulong offset, ShardShape shape, StoreDecision wanted)
    {
        var (position, tokens) = ((int)wanted.Handle - 1, TokensOf(wanted));
        var bytes = shape.PayloadBytes(tokens);
        if (bytes > arena.Bytes || offset > (ulong)(arena.Bytes - bytes))
            throw new RpcException(StatusCode.Internal, "The node granted memory beyond the arena's end.");
        if (!arena.TryAcquire()) throw new RpcException(StatusCode.Unavailable, "The client is closed.");
        try
        {
            _bytes += bytes;
            return _source.Write(arena, (long)offset, shape, position * _layout.ChunkTokens, tokens);
        }
        finally
        {
            arena.Release();
        }
    }

    private void Count(StoreResponse response)
    {
        if (response.Result is not { } result) throw new RpcException(StatusCode.Internal, "The node answered a chunk with no result.");
        if (result.Outcome == StoreResult.Types.Outcome.Committed) _committed++;
        else if (result.Outcome == StoreResult.Types.Outcome.Duplicate) _present++;
        else _refused++;
    }
}
