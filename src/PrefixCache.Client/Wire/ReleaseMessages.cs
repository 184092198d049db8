using Google.Protobuf;
using PrefixCache.Client.Sessions;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Wire;

internal static class ReleaseMessages
{
    public static ReleaseRequest Request(NodeSession? session, ulong reservation, ReleaseRequest.Types.Scope scope, UsageReport? report)
    {
        var request = new ReleaseRequest { Session = session?.Id ?? ByteString.Empty, Reservation = reservation, Scope = scope };
        if (report?.Loaded is { } loaded)
        {
            request.Load = new LoadReport
            {
                Tokens = (uint)loaded.Tokens,
                Bytes = (ulong)loaded.Bytes,
                Nanoseconds = (ulong)loaded.Elapsed.TotalNanoseconds,
                Plane = loaded.Plane == TransferPlane.SharedMemory ? Plane.SharedMemory : Plane.Stream,
                Outcome = loaded.Tokens > 0 ? LoadReport.Types.Outcome.Loaded : LoadReport.Types.Outcome.Failed,
            };
        }

        if (report is { ComputedTokens: > 0 })
        {
            request.Compute = new ComputeReport
            {
                FirstToken = (uint)report.ComputedFrom,
                Tokens = (uint)report.ComputedTokens,
                Nanoseconds = (ulong)report.ComputeTime.TotalNanoseconds,
            };
        }

        return request;
    }
}
