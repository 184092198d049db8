using PrefixCache.Core.Transfers;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Server.Endpoints;

/// <summary>What a writer to shared memory says of a chunk that it has written.</summary>
internal static class SharedCommit
{
    /// <returns>Of each segment; empty = the node is to compute them.</returns>
    /// <exception cref="RpcException">The message does not belong here, or a checksum does not fit.</exception>
    public static ulong[] Checksums(ChunkWrite write, StoreRequest request, int payloadBytes, bool verify)
    {
        if (request.Commit is not { } commit || payloadBytes > 0)
            throw new RpcException(StatusCode.InvalidArgument,
                "The plan grants shared memory: every message of the store after the first must be `commit`, without payload.");
        if (commit.Handle != write.Handle)
            throw new RpcException(StatusCode.InvalidArgument,
                $"A commit of handle {commit.Handle} came where handle {write.Handle} was due: keep the plan's order.");
        var segments = write.Block.Shape.Segments;
        if (commit.Checksums.Count != 0 && commit.Checksums.Count != segments)
            throw new RpcException(StatusCode.InvalidArgument,
                $"{commit.Checksums.Count} checksums came for handle {write.Handle}, which has {segments} segments: send all or none.");
        ulong[] checksums = [.. commit.Checksums];
        if (verify && checksums.Length > 0) Compare(write, checksums);
        return checksums;
    }

    private static void Compare(ChunkWrite write, ulong[] checksums)
    {
        var actual = write.Block.ComputeChecksums();
        for (var segment = 0; segment < actual.Length; segment++)
        {
            if (actual[segment] != checksums[segment])
                throw new RpcException(
                    StatusCode.DataLoss, $"Segment {segment} of handle {write.Handle} does not fit its checksum: store the chunk again.");
        }
    }
}
