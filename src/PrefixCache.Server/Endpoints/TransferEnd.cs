using PrefixCache.Core.Sessions;
using PrefixCache.Grpc;

namespace PrefixCache.Server.Endpoints;

/// <summary>A transfer ends with its call, with its own session and with the scheduler's, whichever comes first.</summary>
internal static class TransferEnd
{
    public static CancellationTokenSource Of(ServerCall call, Session session, CancellationToken ownerEnded) =>
        CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, session.Ended, ownerEnded);

    public static RpcException SessionEnded() =>
        new(StatusCode.Aborted, "The session that this transfer belongs to has ended: open one and look up again.");
}
