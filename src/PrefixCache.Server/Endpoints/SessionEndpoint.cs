using Google.Protobuf;
using PrefixCache.Core;
using PrefixCache.Core.Sessions;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Options;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>OpenSession: a call that lives as long as its process.</summary>
internal sealed class SessionEndpoint(
    CacheNode node, PrefixCacheNodeOptions options, string arenaSocket, WorkInFlight work, ILogger<SessionEndpoint> logger)
{
    public const uint VersionMajor = 1;
    public const uint VersionMinor = 4;

    /// <summary>From this one on a client sends less of a chunk than it offered, where the plan says so.</summary>
    private const uint CutsSinceMinor = 2;

    public async Task HandleAsync(OpenSessionRequest request, MessageWriter<SessionEvent> writer, ServerCall call)
    {
        if (request.VersionMajor != VersionMajor)
        {
            throw new RpcException(StatusCode.FailedPrecondition,
                $"The client speaks version {request.VersionMajor}.{request.VersionMinor}, this node {VersionMajor}.{VersionMinor}: "
                + "use a client of the same major version.");
        }

        var session = node.Sessions.Open(ToDomain(request, call)).OrThrow();
        Log.SessionOpened(logger, session.Instance.Tenant, session.Instance.Id, session.Role, session.Rank);
        try
        {
            await writer.WriteAsync(new SessionEvent { Opened = Opened(session) }, call.CancellationToken);
            await HoldAsync(session, writer, call);
        }
        finally
        {
            node.Sessions.End(session);
            Log.SessionEnded(logger, session.Instance.Tenant, session.Instance.Id, session.Role, session.Rank);
        }
    }

    private static SessionRequest ToDomain(OpenSessionRequest request, ServerCall call)
    {
        var tenants = call.Credential().Tenants;
        var tenant = request.Tenant.Length == 0 ? tenants[0] : request.Tenant;
        if (!tenants.Contains(tenant))
            throw new RpcException(
                StatusCode.PermissionDenied, "The credential does not name this tenant: leave tenant empty, or use another token.");
        SessionId? previous = null;
        if (!request.PreviousSession.IsEmpty)
        {
            if (!SessionId.TryRead(request.PreviousSession.Span, out var id))
                throw new RpcException(StatusCode.InvalidArgument,
                    $"previous_session has {request.PreviousSession.Length} bytes: {SessionId.Length} or none.");
            previous = id;
        }

        CallContext.CheckDefined(request.Role, "role");
        var role = request.Role == OpenSessionRequest.Types.Role.Rank ? SessionRole.Rank : SessionRole.Scheduler;
        return new SessionRequest(
            tenant, request.InstanceId, role, role == SessionRole.Rank ? CallContext.Signed(request.Rank) : 0, previous,
            request.ReadOnly || call.Credential().IsReadOnly, request.VersionMinor >= CutsSinceMinor);
    }

    private SessionOpened Opened(Session session)
    {
        var tenant = session.Instance.Tenant;
        var opened = new SessionOpened
        {
            Session = ByteString.CopyFrom(session.Id.ToArray()),
            Incarnation = ByteString.CopyFrom(node.Incarnation.ToByteArray()),
            VersionMajor = VersionMajor,
            VersionMinor = VersionMinor,
            Tenant = tenant,
            MaxTokens = (uint)node.Limits.MaxTokens,
            MaxPayloadBytes = PrefixCacheMethods.MaxPayloadBytes,
        };
        if (arenaSocket.Length == 0 || node.Sharing.ArenaOf(tenant) is not { } arena) return opened;
        opened.SharedMemory = new SharedMemory { Socket = arenaSocket, Arena = ExtentMessages.ArenaId(arena.Id) };
        foreach (var gpu in node.Sharing.GpusOf(tenant))
        {
            opened.Devices.Add(new DeviceMemory
            {
                Uuid = ExtentMessages.ArenaId(gpu.Device.Uuid),
                Arena = ExtentMessages.ArenaId(gpu.ArenaId),
                Bytes = (ulong)gpu.CapacityBytes,
            });
        }

        return opened;
    }

    /// <summary>
    /// Returns when the client is gone, when another session took this one's place, or when the node drains and its other work is done.
    /// </summary>
    private async Task HoldAsync(Session session, MessageWriter<SessionEvent> writer, ServerCall call)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, session.Ended);
        using (var draining = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, call.DrainToken)) await EndOf(draining.Token);
        if (ended.IsCancellationRequested) return;
        var notice = new SessionDraining { GraceMs = (uint)options.DrainGrace.TotalMilliseconds };
        await writer.WriteAsync(new SessionEvent { Draining = notice }, call.CancellationToken);
        await Task.WhenAny(work.WhenIdle(), EndOf(ended.Token));
    }

    private static Task EndOf(CancellationToken token)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), source);
        return source.Task;
    }
}
