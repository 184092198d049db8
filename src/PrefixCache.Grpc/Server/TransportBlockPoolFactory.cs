using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace PrefixCache.Grpc.Server;

/// <summary>Gives Kestrel the pools of <see cref="TransportBlockPool"/>.</summary>
internal sealed class TransportBlockPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new TransportBlockPool();
}
