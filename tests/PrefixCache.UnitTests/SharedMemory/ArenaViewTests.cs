using Microsoft.Win32.SafeHandles;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.UnitTests.SharedMemory;

public sealed class ArenaViewTests : IDisposable
{
    private readonly Arena _arena = Arena.Create(new ArenaOptions { CapacityBytes = 1 << 20 });
    private readonly ControlRegion _control;

    public ArenaViewTests() => _control = ControlRegion.Create(_arena, 8);

    [Fact]
    public unsafe void Map_OfTheNodesMemory_SeesWhatTheNodeWrites()
    {
        using ArenaView view = Map();

        _arena.Base[70_001] = 42;

        Assert.Equal(_arena.Id, view.ArenaId);
        Assert.Equal(_arena.CapacityBytes, view.Bytes);
        Assert.True(view.IsWritable);
        Assert.Equal(42, *view.Payload(70_001, 1));
    }

    [Fact]
    public void Map_ReadOnlyDescriptor_CannotBeWritable()
    {
        using SafeFileHandle payload = _arena.File.OpenReadOnly();

        Assert.Throws<PosixException>(() => ArenaView.Map(_control.File.Handle, payload, writable: true));
        using ArenaView view = ArenaView.Map(_control.File.Handle, payload, writable: false);
        Assert.False(view.IsWritable);
    }

    [Fact]
    public void TryBegin_PublishedBlock_GivesItsFieldsAndConfirms()
    {
        using ArenaView view = Map();
        ulong generation = Publish(out int entry);

        Assert.True(view.TryBegin(entry, generation, out BlockEntry fields));
        Assert.Equal(new BlockEntry(8_192, 4_000, 0xABCDEF, 31, 4), fields);
        Assert.True(view.Confirm(entry, generation));
    }

    [Fact]
    public void Confirm_BlockRetiredMeanwhile_IsFalse()
    {
        using ArenaView view = Map();
        ulong generation = Publish(out int entry);
        Assert.True(view.TryBegin(entry, generation, out _));

        _control.Retire(entry);

        Assert.False(view.Confirm(entry, generation));
        Assert.False(view.TryBegin(entry, generation, out _));
    }

    [Fact]
    public void TryBegin_BlockReused_OldGenerationIsAMiss()
    {
        using ArenaView view = Map();
        ulong old = Publish(out int entry);
        _control.Retire(entry);
        ulong current = _control.Publish(entry, 0, 1, 0, 1, 1);

        Assert.False(view.TryBegin(entry, old, out _));
        Assert.True(view.TryBegin(entry, current, out _));
    }

    [Fact]
    public void TryBegin_BlockBeingWritten_IsAMissUnderItsOwnOddGeneration()
    {
        using ArenaView view = Map();
        Assert.True(_control.TryTakeEntry(out int entry));

        ulong odd = _control.BeginWrite(entry);

        Assert.False(view.TryBegin(entry, odd, out _));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(8)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void TryBegin_EntryOutsideTheTable_IsAMiss(int entry)
    {
        using ArenaView view = Map();

        Assert.False(view.TryBegin(entry, 2, out _));
    }

    [Theory]
    [InlineData(1 << 20, 1)]
    [InlineData(1, 1 << 20)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void TryBegin_FieldsOutsideTheArena_IsAMiss(long offset, long length)
    {
        using ArenaView view = Map();
        Assert.True(_control.TryTakeEntry(out int entry));
        ulong generation = _control.Publish(entry, offset, length, 0, 1, 1);

        Assert.False(view.TryBegin(entry, generation, out _));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(1 << 20, 1)]
    [InlineData(1, 1 << 20)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void Payload_OutsideTheArena_Throws(long offset, long length)
    {
        using ArenaView view = Map();

        Assert.Throws<ArgumentOutOfRangeException>(() => Touch(view, offset, length));
    }

    [Fact]
    public unsafe void Dispose_CopyUnderWay_UnmapsOnlyAfterIt()
    {
        ArenaView view = Map();
        _arena.Base[5] = 6;
        Assert.True(view.TryAcquire());

        view.Dispose();
        view.Dispose();

        Assert.False(view.TryAcquire());
        Assert.Equal(6, *view.Payload(5, 1));
        view.Release();
        Assert.False(view.TryAcquire());
        Assert.Throws<ObjectDisposedException>(() => Read(view, 5));
    }

    [Fact]
    public async Task StartPopulating_ToTheEnd_CompletesAndHoldsNothing()
    {
        ArenaView view = Map();
        _arena.Span(9, 1)[0] = 10;

        view.StartPopulating();
        await view.Populated.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(10, Read(view, 9));
        view.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Read(view, 9));
    }

    [Fact]
    public async Task StartPopulating_ViewDisposed_Ends()
    {
        ArenaView view = Map();
        view.Dispose();

        view.StartPopulating();

        await view.Populated.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(view.TryAcquire());
    }

    [Fact]
    public void Map_DescriptorsSwapped_IsRefused() => Assert.Throws<IOException>(
        () => ArenaView.Map(_arena.File.Handle, _control.File.Handle, writable: false));

    [Fact]
    public void Map_PayloadOfAnotherSize_IsRefused()
    {
        using Arena other = Arena.Create(new ArenaOptions { CapacityBytes = 8_192 });

        IOException e = Assert.Throws<IOException>(() => ArenaView.Map(_control.File.Handle, other.File.Handle, writable: false));

        Assert.Contains("does not fit the memory", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Map_FileThatCannotBeSealed_IsRefused()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[1 << 20]);
            using SafeFileHandle file = File.OpenHandle(path);

            Assert.Equal("EINVAL", Assert.Throws<PosixException>(
                () => ArenaView.Map(_control.File.Handle, file, writable: false)).ErrnoName);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(ControlRegionLayout.MagicOffset, 1)]
    [InlineData(ControlRegionLayout.VersionMajorOffset, 2)]
    [InlineData(ControlRegionLayout.ArenaBytesOffset, 1)]
    [InlineData(ControlRegionLayout.TableOffsetOffset, 1)]
    [InlineData(ControlRegionLayout.TableOffsetOffset, 0)]
    [InlineData(ControlRegionLayout.TableOffsetOffset, int.MaxValue)]
    [InlineData(ControlRegionLayout.TableOffsetOffset, int.MinValue)]
    [InlineData(ControlRegionLayout.EntrySizeOffset, 8)]
    [InlineData(ControlRegionLayout.EntrySizeOffset, -8)]
    [InlineData(ControlRegionLayout.EntrySizeOffset, 68)]
    [InlineData(ControlRegionLayout.EntryCountOffset, 9)]
    [InlineData(ControlRegionLayout.EntryCountOffset, -1)]
    public unsafe void Map_HeaderThatLies_IsRefused(int offset, int value)
    {
        *(int*)(_control.File.Pointer + offset) = value;

        Assert.Throws<IOException>(() => Map());
    }

    public void Dispose()
    {
        _control.Dispose();
        _arena.Dispose();
    }

    private static unsafe byte Read(ArenaView view, long offset) => *view.Payload(offset, 1);

    private static unsafe void Touch(ArenaView view, long offset, long length) => _ = view.Payload(offset, length);

    private ArenaView Map() => ArenaView.Map(_control.File.Handle, _arena.File.Handle, writable: true);

    private ulong Publish(out int entry)
    {
        Assert.True(_control.TryTakeEntry(out entry));
        return _control.Publish(entry, 8_192, 4_000, 0xABCDEF, 31, 4);
    }
}
