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
            request.Load = Load(loaded.Loads[0], loaded.Tokens > 0);
            request.OtherLoads.AddRange(loaded.Loads.Skip(1).Select(load => Load(load, loaded.Tokens > 0)));
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

    private static LoadReport Load(PlaneLoad load, bool isLoaded) => new()
    {
        Tokens = (uint)load.Tokens,
        Bytes = (ulong)load.Bytes,
        Nanoseconds = (ulong)load.Elapsed.TotalNanoseconds,
        Plane = load.Plane switch
        {
            TransferPlane.Device => Plane.Device,
            TransferPlane.SharedMemory => Plane.SharedMemory,
            _ => Plane.Stream,
        },
        Outcome = isLoaded ? LoadReport.Types.Outcome.Loaded : LoadReport.Types.Outcome.Failed,
    };
}
