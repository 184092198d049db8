using System.Buffers.Binary;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.UnitTests.Memory;

/// <summary>What the node does, and what a worker sees of it through its own mapping. Offsets are written out: a contract.</summary>
public sealed unsafe class ControlRegionTests : IDisposable
{
    private const int Entries = 3;
    private static readonly Guid ArenaId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");

    private readonly ControlRegion _region = ControlRegion.Create(ArenaId, arenaBytes: 1 << 20, Entries);
    private readonly MemoryMapping _worker;

    public ControlRegionTests() => _worker = _region.File.MapAgain(writable: false);

    public void Dispose()
    {
        _worker.Dispose();
        _region.Dispose();
    }

    [Fact]
    public void Create_Header_LiesAtTheDocumentedOffsets()
    {
        Assert.Equal("PFXCTRL1"u8, Seen(0, 8));
        Assert.Equal(1U, SeenU32(8));
        Assert.Equal(0U, SeenU32(12));
        Assert.Equal(Convert.FromHexString("00112233445566778899AABBCCDDEEFF"), Seen(16, 16));
        Assert.Equal(1UL << 20, SeenU64(32));
        Assert.Equal(4_096UL, SeenU64(40));
        Assert.Equal(64U, SeenU32(48));
        Assert.Equal((uint)Entries, SeenU32(52));
        Assert.False(Seen(56, 4_096 - 56).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Create_Entries_AreOddAndOtherwiseZero()
    {
        Assert.Equal(4_096 + (64 * Entries), _worker.Length);
        for (int entry = 0; entry < Entries; entry++)
        {
            Assert.Equal(1UL, SeenU64(4_096 + (64 * entry)));
            Assert.False(Seen(4_096 + (64 * entry) + 8, 56).ContainsAnyExcept((byte)0));
            Assert.Equal(1UL, _region.Generation(entry));
        }
    }

    [Fact]
    public void Publish_Fields_LieAtTheDocumentedOffsets()
    {
        Assert.True(_region.TryTakeEntry(out _));
        Assert.True(_region.TryTakeEntry(out int entry));
        _region.BeginWrite(entry);

        ulong generation = _region.Publish(entry, offset: 8_192, length: 4_321, checksum: 0xFEDCBA9876543210, tokens: 256, segments: 64);

        int at = 4_096 + (64 * entry);
        Assert.Equal(1, entry);
        Assert.Equal(generation, SeenU64(at));
        Assert.Equal(8_192UL, SeenU64(at + 8));
        Assert.Equal(4_321UL, SeenU64(at + 16));
        Assert.Equal(0xFEDCBA9876543210, SeenU64(at + 24));
        Assert.Equal(256U, SeenU32(at + 32));
        Assert.Equal(64U, SeenU32(at + 36));
        Assert.False(Seen(at + 40, 24).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Generation_ThroughABlocksLife_OnlyGrowsAndIsEvenWhenPublished()
    {
        Assert.True(_region.TryTakeEntry(out int entry));
        List<ulong> generations = [_region.Generation(entry)];
        for (int life = 0; life < 3; life++)
        {
            generations.Add(_region.BeginWrite(entry));
            Assert.False(_region.IsPublished(entry));
            generations.Add(Publish(entry));
            Assert.True(_region.IsPublished(entry));
            Assert.Equal(_region.Generation(entry), SeenU64(4_096));
            generations.Add(_region.Retire(entry));
            Assert.False(_region.IsPublished(entry));
            Assert.Equal(_region.Generation(entry), SeenU64(4_096));
        }

        Assert.Equal(generations.Order().Distinct(), generations);
        Assert.Equal([1, 1, 0, 1, 1, 0, 1, 1, 0, 1], generations.Select(generation => (int)(generation % 2)));
    }

    [Fact]
    public void BeginWrite_AfterAnAbandonedWrite_GivesAnotherGeneration()
    {
        Assert.True(_region.TryTakeEntry(out int entry));

        Assert.NotEqual(_region.BeginWrite(entry), _region.BeginWrite(entry));
    }

    [Fact]
    public void Generation_RegionOverwritten_IsTheNodesOwn()
    {
        Assert.True(_region.TryTakeEntry(out int entry));
        _region.BeginWrite(entry);
        ulong generation = Publish(entry);
        new Span<byte>(_region.File.Pointer, (int)_region.File.Length).Fill(0xFF);

        Assert.Equal(generation, _region.Generation(entry));
        Assert.Equal(generation + 1, _region.Retire(entry));
        Assert.Equal(generation + 1, SeenU64(4_096));
    }

    [Fact]
    public void MapAgain_Writable_IsRefusedBySeal()
    {
        Assert.False(_region.File.OthersMayWrite);

        PosixException e = Assert.Throws<PosixException>(() => _region.File.MapAgain(writable: true));

        Assert.Equal("EPERM", e.ErrnoName);
    }

    [Fact]
    public void TryTakeEntry_AllTaken_ReturnsFalseUntilOneReturns()
    {
        HashSet<int> taken = [];
        while (_region.TryTakeEntry(out int entry)) Assert.True(taken.Add(entry));
        Assert.Equal(Entries, taken.Count);
        Assert.Equal(0, _region.FreeEntryCount);

        _region.ReturnEntry(1);

        Assert.True(_region.TryTakeEntry(out int again));
        Assert.Equal(1, again);
        Assert.Equal(1UL, _region.Generation(again));
    }

    [Fact]
    public void ReturnEntry_PublishedOrNotTaken_Throws()
    {
        Assert.True(_region.TryTakeEntry(out int entry));
        _region.BeginWrite(entry);
        Publish(entry);

        Assert.Throws<InvalidOperationException>(() => _region.ReturnEntry(entry));
        _region.Retire(entry);
        _region.ReturnEntry(entry);
        Assert.Throws<InvalidOperationException>(() => _region.ReturnEntry(entry));
        Assert.Throws<InvalidOperationException>(() => _region.ReturnEntry(Entries));
        Assert.Throws<InvalidOperationException>(() => _region.BeginWrite(entry));
    }

    [Fact]
    public void Publish_AlreadyPublished_Throws()
    {
        Assert.True(_region.TryTakeEntry(out int entry));
        Publish(entry);

        Assert.Throws<InvalidOperationException>(() => Publish(entry));
    }

    private ulong Publish(int entry) => _region.Publish(entry, offset: 0, length: 1, checksum: 2, tokens: 3, segments: 4);

    private ReadOnlySpan<byte> Seen(int offset, int length) => new(_worker.Pointer + offset, length);

    private uint SeenU32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Seen(offset, 4));

    private ulong SeenU64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Seen(offset, 8));
}
