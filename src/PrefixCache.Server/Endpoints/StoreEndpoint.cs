using PrefixCache.Core;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Transfers;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Options;
using PrefixCache.Server.Wire;
using StoreDecision = PrefixCache.Protocol.V1.StoreDecision;
using StoreOffer = PrefixCache.Core.Transfers.StoreOffer;

namespace PrefixCache.Server.Endpoints;

/// <summary>Store: payload goes from the connection into the blocks.</summary>
internal sealed class StoreEndpoint(CacheNode node, PrefixCacheNodeOptions options, WorkInFlight work)
{
    public async Task HandleAsync(MessageReader<StoreRequest> reader, MessageWriter<StoreResponse> writer, ServerCall call)
    {
        using var running = work.Begin();
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        idle.CancelAfter(options.StoreIdleTimeout);
        try
        {
            if (!await reader.MoveNextAsync(idle.Token) || reader.Current.Open is not { } open)
                throw new RpcException(StatusCode.InvalidArgument, "The first message of a store must be `open`.");
            var session = node.FindSession(call, open.Session);
            var offers = open.Chunks.Select(offer => new StoreOffer(offer.Handle, CallContext.Signed(offer.Tokens))).ToList();
            using var transfer = node.Stores.Open(
                session, open.Reservation, CallContext.Signed(open.Shard), offers, open.SharedMemory).OrThrow();
            await ReceiveAsync(transfer, session, reader, writer, call);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested && idle.IsCancellationRequested)
        {
            throw Idle();
        }
    }

    private async Task ReceiveAsync(StoreTransfer transfer, Session session, MessageReader<StoreRequest> reader,
        MessageWriter<StoreResponse> writer, ServerCall call)
    {
        await writer.WriteAsync(new StoreResponse { Plan = PlanOf(transfer) }, call.CancellationToken);
        using var ended = TransferEnd.Of(call, session, transfer.OwnerEnded);
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        try
        {
            foreach (var write in transfer.Writes)
            {
                var checksums = transfer.Grant is null
                    ? await ReceivePartsAsync(write, reader, idle)
                    : await ReceiveCommitAsync(write, reader, idle);
                if (checksums is null)
                {
                    transfer.WriterStopped();
                    return;
                }

                var outcome = transfer.Commit(write, checksums);
                var result = new StoreResult { Handle = write.Handle, Outcome = (StoreResult.Types.Outcome)outcome };
                await writer.WriteAsync(new StoreResponse { Result = result }, call.CancellationToken);
            }

            idle.CancelAfter(options.StoreIdleTimeout);
            if (await reader.MoveNextAsync(idle.Token))
                throw new RpcException(
                    StatusCode.InvalidArgument, "Payload goes on behind the last wanted chunk: send only what the plan asks for.");
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw ended.IsCancellationRequested ? TransferEnd.SessionEnded() : Idle();
        }
    }

    private async ValueTask<ulong[]?> ReceivePartsAsync(ChunkWrite write, MessageReader<StoreRequest> reader, CancellationTokenSource idle)
    {
        var receiver = new ChunkReceiver(write);
        while (!receiver.IsWhole)
        {
            idle.CancelAfter(options.StoreIdleTimeout);
            await receiver.ReceiveAsync(reader, idle.Token);
        }

        return receiver.Checksums;
    }

    /// <summary>Null when the writer ends its requests in order: it has stopped, and leaves the rest.</summary>
    private async ValueTask<ulong[]?> ReceiveCommitAsync(ChunkWrite write, MessageReader<StoreRequest> reader, CancellationTokenSource idle)
    {
        idle.CancelAfter(options.StoreIdleTimeout);
        if (!await reader.MoveNextAsync(idle.Token)) return null;
        return SharedCommit.Checksums(write, reader.Current, reader.PayloadLength, options.Host.VerifyCommits);
    }

    private RpcException Idle() => new(StatusCode.Aborted,
        FormattableString.Invariant(
            $"The store sent nothing for {options.StoreIdleTimeout.TotalSeconds} s and was ended: open another."));

    private StorePlan PlanOf(StoreTransfer transfer)
    {
        var plan = new StorePlan();
        foreach (var decision in transfer.Decisions)
        {
            plan.Decisions.Add(new StoreDecision
            {
                Handle = decision.Handle,
                Action = (StoreDecision.Types.Action)decision.Action,
                Reason = (StoreDecision.Types.Reason)decision.Reason,
                RetryAfterMs = decision.Reason == RefusalReason.NoMemory ? (uint)node.Limits.RetryAfter.TotalMilliseconds : 0,
                Tokens = (uint)decision.Tokens,
            });
        }

        if (transfer.Grant is { } grant)
        {
            plan.Grant = new WriteGrant { Grant = grant.Id, Arena = ExtentMessages.ArenaId(grant.ArenaId) };
            plan.Grant.Offsets.AddRange(transfer.Writes.Select(write => (ulong)write.Block.Offset));
        }

        return plan;
    }
}
