using PrefixCache.Core;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using PrefixCache.Server.Wire;
using ReleaseRequest = PrefixCache.Protocol.V1.ReleaseRequest;

namespace PrefixCache.Server.Endpoints;

/// <summary>Release: the end of a reservation, and what it cost.</summary>
internal sealed class ReleaseEndpoint(CacheNode node)
{
    public ValueTask<ReleaseResponse> HandleAsync(ReleaseRequest request, ServerCall call)
    {
        var session = node.FindSession(call, request.Session);
        CallContext.CheckDefined(request.Scope, "scope");
        var scope = request.Scope == ReleaseRequest.Types.Scope.Loaded ? ReleaseScope.Loaded : ReleaseScope.Done;
        var others = request.OtherLoads.Select(Load).OfType<Core.Reservations.LoadReport>().ToList();
        var answer = node.Lookups.Release(
            session, request.Reservation, scope, Load(request.Load), Compute(request.Compute), others).OrThrow();
        return new ValueTask<ReleaseResponse>(new ReleaseResponse { Held = answer.Held, Ended = answer.Ended });
    }

    private static Core.Reservations.LoadReport? Load(Protocol.V1.LoadReport? report) => report is null
        ? null
        : new Core.Reservations.LoadReport(
            CallContext.Signed(report.Tokens), (long)Math.Min(report.Bytes, long.MaxValue), Time(report.Nanoseconds),
            report.Outcome != Protocol.V1.LoadReport.Types.Outcome.Loaded, report.Plane == Plane.SharedMemory)
        {
            Source = report.Plane switch
            {
                Plane.SharedMemory => LoadSource.SharedMemory,
                Plane.Device => LoadSource.Device,
                _ => LoadSource.Stream,
            },
        };

    private static Core.Reservations.ComputeReport? Compute(Protocol.V1.ComputeReport? report) => report is null
        ? null
        : new Core.Reservations.ComputeReport(
            CallContext.Signed(report.FirstToken), CallContext.Signed(report.Tokens), Time(report.Nanoseconds));

    private static TimeSpan Time(ulong nanoseconds) => TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick));
}
