using PrefixCache.Client.Devices;
using PrefixCache.Client.Memory;
using PrefixCache.Client.Sessions;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.Transfers;

/// <summary>Retrieves a hit by the best way there is: out of memory that is shared, else as a stream.</summary>
/// <param name="session">Null = there was none at the lookup.</param>
/// <param name="places">Where shard 0 lies, from the lookup; null = it does not say.</param>
internal sealed class HitRetriever(
    PrefixCacheClient client, NodeSession? session, KvLayout layout, ReservationTicket ticket, HitPlaces? places)
{
    /// <summary>Into host memory.</summary>
    public async ValueTask<RetrieveResult> RetrieveAsync(
        IKvMemory destination, TransferOptions options, int end, CancellationToken cancellationToken)
    {
        if (options.Source == TransferSource.Device)
        {
            using var pinned = new PinnedKvMemory(destination);
            return await TryCopyAsync(pinned, options, end, toHost: true, cancellationToken) ?? NotThere(options);
        }

        if (session is { IsLost: false, Arena: { } arena })
        {
            var hit = new SharedHit(client, arena, layout, Locator(session));
            if (await hit.TryRetrieveAsync(destination, options, end, cancellationToken) is { } result) return result;
        }

        return await ReceiveAsync(destination, options, end, cancellationToken);
    }

    /// <summary>Into memory of this process's device.</summary>
    public async ValueTask<RetrieveResult> RetrieveAsync(
        IDeviceKvMemory destination, TransferOptions options, int end, CancellationToken cancellationToken)
    {
        var plane = client.DemandDevice();
        if (plane.Failure is { } failure)
        {
            client.Failed("Retrieve", failure);
            return Nothing(options);
        }

        var copied = await TryCopyAsync(destination, options, end, toHost: false, cancellationToken);
        if (options.Source == TransferSource.Device) return copied ?? NotThere(options);
        if (copied is not null) return copied;
        var staged = new StagedRetrieve(client, plane, layout, ReceiveAsync);
        return await staged.RunAsync(destination, options, end, cancellationToken);
    }

    /// <summary>By the device, out of what is mapped; null = nothing of it is.</summary>
    private ValueTask<RetrieveResult?> TryCopyAsync(
        IDeviceKvMemory destination, TransferOptions options, int end, bool toHost, CancellationToken cancellationToken) =>
        session is { IsLost: false, Device: { } device } && client.Device is { Failure: null } plane
            ? new DeviceHit(client, plane, device, layout, Locator(session))
                .TryRetrieveAsync(destination, options, end, toHost, cancellationToken)
            : new ValueTask<RetrieveResult?>((RetrieveResult?)null);

    private HitLocator Locator(NodeSession open) => new(client, open, layout, ticket, places);

    private RetrieveResult NotThere(TransferOptions options)
    {
        client.Failed("Retrieve", FormattableString.Invariant(
            $"Token {options.FirstToken} does not lie in the memory of this process's device: retrieve it from any source."));
        return Nothing(options);
    }

    private static RetrieveResult Nothing(TransferOptions options) => new(options.FirstToken, 0, 0, TimeSpan.Zero);

    private async ValueTask<RetrieveResult> ReceiveAsync(
        IKvMemory destination, TransferOptions options, int end, CancellationToken cancellationToken)
    {
        var receiver = new HitReceiver(layout, options, end, destination, client.Options);
        var request = new RetrieveRequest
        {
            Session = session?.Id ?? Google.Protobuf.ByteString.Empty,
            Reservation = ticket.Reservation,
            Shard = (uint)options.Shard,
            Order = options.LayerOrder ? TransferOrder.LayerOrder : TransferOrder.ChunkOrder,
            FirstToken = (uint)options.FirstToken,
            EndToken = (uint)end,
        };
        await client.Calls.TransferAsync("Retrieve", session, static async (state, channel, call) =>
        {
            using var stream = channel.ServerStreaming(PrefixCacheMethods.Retrieve, state.request, call);
            await state.receiver.ReceiveAsync(stream.Responses, call.CancellationToken);
            return state.receiver;
        }, (request, receiver), cancellationToken);
        return receiver.Result;
    }
}
