using PrefixCache.Client.Memory;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Format.Layouts;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.Transfers;

/// <summary>KV in the caller's host memory.</summary>
internal sealed class HostStoreSource(IKvMemory memory) : IStoreSource
{
    public ulong[] Write(ArenaView arena, long offset, ShardShape shape, int firstToken, int tokens) =>
        ArenaWriter.Write(arena, offset, shape, memory, firstToken, tokens);

    public IKvMemory Read(ShardShape shape, int firstToken, int tokens) => memory;
}
