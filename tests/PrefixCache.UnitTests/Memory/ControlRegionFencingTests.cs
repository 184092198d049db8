using PrefixCache.Core.Memory;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.UnitTests.Memory;

/// <summary>A reader beside a writer, through a mapping of its own: what it accepts is never a mixture of two lives of a block.</summary>
public class ControlRegionFencingTests
{
    private const int Attempts = 200_000;
    private const int BlockBytes = 4_096;

    [Fact]
    public async Task Reader_WhileTheBlockIsReused_AcceptsOnlyWholeBlocks()
    {
        using Arena arena = Arena.Create(new ArenaOptions { CapacityBytes = BlockBytes });
        using ControlRegion region = ControlRegion.Create(arena, entryCount: 1);
        using MemoryMapping table = region.File.MapAgain(writable: false);
        using MemoryMapping payload = arena.File.MapAgain(writable: false);
        Assert.True(region.TryTakeEntry(out int entry));

        // The writer goes on until the reader is through with its attempts, so that they surely run beside each other.
        Task<int> reader = Task.Run(() => ReadUntilOneIsAccepted(table, payload), TestContext.Current.CancellationToken);
        for (int life = 1; !reader.IsCompleted; life++)
        {
            region.BeginWrite(entry);
            arena.Span(0, BlockBytes).Fill((byte)life);
            region.Publish(entry, offset: 0, BlockBytes, checksum: (byte)life, tokens: 1, segments: 1);
            // Some lives last longer than a copy, or the reader would hardly ever be quick enough to accept one.
            if (life % 4 == 0) Thread.SpinWait(50);
        }

        Assert.True(await reader > 0);
        Assert.Equal(1, Read(table, payload, attempts: 1));
        region.Retire(entry);
        Assert.Equal(0, Read(table, payload, attempts: 1));
    }

    /// <summary>
    /// Makes the attempts, and more of them should all have met the writer: the scheduler may stop it in the middle of a write for long.
    /// </summary>
    private static int ReadUntilOneIsAccepted(MemoryMapping table, MemoryMapping payload)
    {
        int accepted = 0;
        do accepted += Read(table, payload, Attempts);
        while (accepted == 0);
        return accepted;
    }

    /// <summary>Reads as <see cref="ControlRegionLayout"/> tells a worker to, and returns how many attempts were accepted.</summary>
    private static unsafe int Read(MemoryMapping table, MemoryMapping payload, int attempts)
    {
        byte* entry = table.Pointer + ControlRegionLayout.EntryOffset(0);
        ref ulong generation = ref *(ulong*)(entry + ControlRegionLayout.GenerationOffset);
        ulong* checksum = (ulong*)(entry + ControlRegionLayout.ChecksumOffset);
        byte[] copy = new byte[BlockBytes];
        int accepted = 0;
        for (int attempt = 0; attempt < attempts; attempt++)
        {
            ulong before = Volatile.Read(ref generation);
            if ((before & 1) != 0) continue;
            ulong expected = Volatile.Read(ref *checksum);
            new ReadOnlySpan<byte>(payload.Pointer, BlockBytes).CopyTo(copy);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref generation) != before) continue;

            Assert.False(copy.AsSpan().ContainsAnyExcept((byte)expected), "A reader accepted a block that was being rewritten.");
            accepted++;
        }

        return accepted;
    }
}
