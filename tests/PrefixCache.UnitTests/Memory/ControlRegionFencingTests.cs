using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>A reader beside a writer, through a mapping of its own: what it accepts is never a mixture of two lives of a block.</summary>
public class ControlRegionFencingTests
{
    private const int Lives = 20_000;
    private const int BlockBytes = 4_096;

    [Fact]
    public async Task Reader_WhileTheBlockIsReused_AcceptsOnlyWholeBlocks()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = BlockBytes, LockPages = false });
        using ControlRegion region = ControlRegion.Create(arena, entryCount: 1);
        using MemoryMapping table = region.File.MapAgain(writable: false);
        using MemoryMapping payload = arena.File.MapAgain(writable: false);
        Assert.True(region.TryTakeEntry(out int entry));

        using CancellationTokenSource written = new();
        Task<int> reader = Task.Run(() => Read(table, payload, written.Token), CancellationToken.None);
        for (int life = 1; life <= Lives; life++)
        {
            region.BeginWrite(entry);
            arena.Span(0, BlockBytes).Fill((byte)life);
            region.Publish(entry, offset: 0, BlockBytes, checksum: (byte)life, tokens: life, segments: 1);
        }

        written.Cancel();

        // At least the last one, which stays published.
        Assert.True(await reader > 0);
    }

    private static unsafe int Read(MemoryMapping table, MemoryMapping payload, CancellationToken written)
    {
        byte* entry = table.Pointer + ControlRegionLayout.EntryOffset(0);
        ref ulong generation = ref *(ulong*)(entry + ControlRegionLayout.GenerationOffset);
        ulong* checksum = (ulong*)(entry + ControlRegionLayout.ChecksumOffset);
        byte[] copy = new byte[BlockBytes];
        int accepted = 0;
        for (bool last = false; ; last = written.IsCancellationRequested)
        {
            ulong before = Volatile.Read(ref generation);
            if ((before & 1) == 0)
            {
                ulong expected = *checksum;
                new ReadOnlySpan<byte>(payload.Pointer, BlockBytes).CopyTo(copy);
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref generation) == before)
                {
                    Assert.False(copy.AsSpan().ContainsAnyExcept((byte)expected), "A reader accepted a block that was being rewritten.");
                    accepted++;
                }
            }

            if (last) return accepted;
        }
    }
}
