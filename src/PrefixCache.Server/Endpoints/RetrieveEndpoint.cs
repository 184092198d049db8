using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Transfers;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>Retrieve and Fetch: payload goes from the blocks into the connection.</summary>
internal sealed class RetrieveEndpoint(CacheNode node, WorkInFlight work)
{
    public async Task RetrieveAsync(RetrieveRequest request, MessageWriter<RetrieveResponse> writer, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        CallContext.CheckDefined(request.Order, "order");
        var query = new RetrieveQuery(session, request.Reservation, CallContext.Signed(request.Shard), request.Handles,
            CallContext.Signed(request.FirstToken), CallContext.Signed(request.EndToken));
        using var running = work.Begin();
        using var transfer = node.Retrieves.Open(query).OrThrow();
        await SendAsync(new PayloadSender(transfer, node.Counters, writer.WriteAsync), transfer, request.Order, session, call);
    }

    public async Task FetchAsync(MessageReader<FetchRequest> reader, MessageWriter<FetchResponse> writer, ServerCall call)
    {
        var request = reader.Current;
        var session = node.FindSession(call, request.Session);
        var layout = node.Layouts.Find(request.LayoutId.Span, session.Instance.Tenant).OrThrow();
        var lookup = new LookupQuery(session, request.RequestId, layout, request.Salt, request.Adapter,
            CallContext.Signed(request.ComputedTokens), CallContext.Signed(request.AlignTokens))
        {
            StoreLimit = request.HasStoreLimitTokens ? CallContext.Signed(request.StoreLimitTokens) : null,
            // The payload follows whatever would be faster.
            LoadMode = Core.Planning.LoadMode.Always,
        };
        var shard = CallContext.Signed(request.Shard);
        if (shard >= layout.Shards.Count)
            throw new RpcException(StatusCode.InvalidArgument, $"shard is {request.Shard}: the layout has {layout.Shards.Count}, from 0.");
        CallContext.CheckDefined(request.Order, "order");
        using var running = work.Begin();
        var tokens = await reader.ReadTokensAsync(node, call.CancellationToken, CallContext.Items(request.Items));
        // What Redis has of the rest is loaded for the next one.
        var answer = (await node.Waits.LookupAsync(lookup, tokens, TimeSpan.Zero, call.DrainToken, call.CancellationToken)).OrThrow();
        if (answer.IsNew) call.Undelivered = () => node.Lookups.Withdraw(session, answer.Reservation);
        using var transfer = node.Retrieves.Open(
            new RetrieveQuery(session, answer.Reservation, shard, [], lookup.ComputedTokens, 0)).OrThrow();
        await writer.WriteAsync(new FetchResponse { Lookup = answer.ToMessage() }, call.CancellationToken);
        call.Undelivered = null;
        var response = new FetchResponse();
        var sender = new PayloadSender(transfer, node.Counters, (part, payload, token) =>
        {
            response.Part = part;
            return writer.WriteAsync(response, payload, token);
        });
        await SendAsync(sender, transfer, request.Order, session, call);
    }

    private static async Task SendAsync(PayloadSender sender, RetrieveTransfer transfer, TransferOrder order, Session session, ServerCall call)
    {
        using var ended = TransferEnd.Of(call, session, transfer.OwnerEnded);
        try
        {
            await sender.SendAsync(order, ended.Token);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw TransferEnd.SessionEnded();
        }
    }
}
