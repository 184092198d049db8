using System.Buffers;
using System.Collections.Concurrent;

namespace PrefixCache.Grpc.Server;

/// <summary>Kestrel's buffers in blocks of 16 KiB, as large as a DATA frame, in place of its 4 KiB.</summary>
/// <remarks>
/// A send of more than eight blocks makes the socket layer allocate its list of buffers: 64 KiB are sixteen small blocks and 22 MiB of
/// garbage per GiB sent, but only four of these. Thread-safe. Blocks are pinned for life; idle ones above the cap go to the collector.
/// </remarks>
internal sealed class TransportBlockPool : MemoryPool<byte>
{
    private const int BlockBytes = 16 << 10;
    private const int MaxIdleBlocks = 2048;

    private readonly ConcurrentQueue<Block> _idle = new();
    private int _idleCount;
    private volatile bool _disposed;

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (!_idle.TryDequeue(out var block))
            return new Block(this);
        Interlocked.Decrement(ref _idleCount);
        block.Lend();
        return block;
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        _idle.Clear();
    }

    private void Return(Block block)
    {
        if (_disposed)
            return;
        if (Interlocked.Increment(ref _idleCount) <= MaxIdleBlocks)
            _idle.Enqueue(block);
        else
            Interlocked.Decrement(ref _idleCount);
    }

    private sealed class Block(TransportBlockPool pool) : IMemoryOwner<byte>
    {
        private int _lent = 1;

        // Pinned, so that the socket layer need not pin it for every send.
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public void Lend() => Volatile.Write(ref _lent, 1);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _lent, 0) == 1)
                pool.Return(this);
        }
    }
}
