using PrefixCache.Format.Devices;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices;

public sealed class RegisteredMemoryTests : IDisposable
{
    private const int Page = 4096;

    private const int Pieces = 8;

    private const int Bytes = Pieces * 2 * Page;

    private readonly HostPages _host = new(Bytes);
    private readonly HostMemoryDevice _device = new();
    private readonly IDeviceMemory _memory;
    private readonly IDeviceStream _stream;

    public RegisteredMemoryTests()
    {
        _memory = _device.Allocate(2 * Bytes);
        _stream = _device.OpenStream();
    }

    private HostMemoryGpu Gpu => _device.Gpu;

    public void Dispose()
    {
        _stream.Dispose();
        _memory.Dispose();
        _device.Dispose();
        _host.Dispose();
        Assert.Empty(Gpu.Complaints);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(Page, Page, 1)]
    [InlineData((2 * Page) - 1, 1, 1)]
    [InlineData((2 * Page) - 1, 2, 2)]
    [InlineData(0, Bytes, Pieces)]
    [InlineData(5 * Page, 6 * Page, 4)]
    public void Copy_OfBytes_RegistersThePiecesThatItTouches(int offset, int bytes, int pieces)
    {
        using RegisteredMemory registered = New();
        Assert.Equal(0, Gpu.Counts.Registrations);
        for (var again = 0; again < 2; again++) registered.Copy(_stream, Up(offset, bytes));
        Wait();
        Assert.Equal((pieces, pieces * 2 * Page), (Gpu.Counts.Registrations, Gpu.Counts.RegisteredBytes));
        Assert.Equal((0, 2L * bytes), (Gpu.Counts.UnregisteredCopies, Gpu.Counts.BytesUp));
        Assert.Null(registered.Refusal);
    }

    /// <summary>Any rows at any place, against copies made by hand; the device sees that none lies partly in a registration.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Copy_OfRows_IsAsOne(int registrations)
    {
        Gpu.Faults.Refuse(DeviceCall.Register, skip: registrations);
        using RegisteredMemory registered = New();
        Random random = new(registrations);
        for (var round = 0; round < 300; round++)
        {
            DeviceCopy copy = RandomRows(random);
            var isUp = copy.Kind == DeviceCopyKind.HostToDevice;
            random.NextBytes(_host.Span);
            var device = new byte[Bytes];
            random.NextBytes(device);
            Gpu.Write(_memory.Address, device);
            var (from, to) = isUp ? (_host.Span.ToArray(), device) : (device, _host.Span.ToArray());
            for (var row = 0; row < copy.Rows; row++)
            {
                from.AsSpan((int)((int)copy.Source + (row * copy.SourcePitch)), (int)copy.RowBytes)
                    .CopyTo(to.AsSpan((int)((int)copy.Destination + (row * copy.DestinationPitch)), (int)copy.RowBytes));
            }

            registered.Copy(_stream, copy with
            {
                Source = copy.Source + (isUp ? _host.Address : _memory.Address),
                Destination = copy.Destination + (isUp ? _memory.Address : _host.Address),
            });
            Wait();
            Assert.True(to.AsSpan().SequenceEqual(isUp ? Gpu.Read(_memory.Address, Bytes) : _host.Span), $"{round}: {copy}");
        }

        Assert.Equal(Math.Min(registrations, Pieces), Gpu.Counts.Registrations);
        Assert.Equal(registrations < Pieces, registered.Refusal is not null);
    }

    [Fact]
    public void Copy_OfWholeRowsInPieces_TakesOneCopyAPieceAndOneMoreARowThatReachesOver()
    {
        using RegisteredMemory registered = New();
        // Rows of half a page, a page apart: 2 a piece, so none reaches over.
        registered.Copy(_stream, Up(0, Page / 2) with { Rows = 2 * Pieces, SourcePitch = Page, DestinationPitch = Page / 2 });
        Wait();
        Assert.Equal(Pieces, Gpu.Counts.CopiesUp);
        // Rows of a page that begin in the middle of one: the second of each piece reaches over, in two parts.
        registered.Copy(_stream, Up(Page / 2, Page) with { Rows = 4, SourcePitch = Page, DestinationPitch = Page });
        Wait();
        Assert.Equal(Pieces + 1 + 2 + 1 + 2, Gpu.Counts.CopiesUp);
    }

    [Fact]
    public void Copy_OutsideTheRange_IsRefusedBeforeAnything()
    {
        using RegisteredMemory registered = New();
        DeviceCopy[] wrong =
        [
            Up(-1, 1), Up(Bytes, 1), Up(Bytes - 1, 2), Up(0, Bytes + 1), Up(0, 0), Up(0, -1), Up(0, long.MaxValue),
            Up(0, 1) with { Rows = 0 }, Up(0, 1) with { Rows = -1 },
            Up(0, 100) with { Rows = 2, SourcePitch = 99 }, Up(0, 100) with { Rows = 2, DestinationPitch = 99 },
            Up(0, 100) with { Rows = 2, SourcePitch = Bytes - 99 }, Up(0, 1) with { Rows = 3, SourcePitch = long.MaxValue },
            Up(0, 1) with { Rows = 5, SourcePitch = 1L << 62 }, Up(0, Page) with { Rows = int.MaxValue },
        ];
        Assert.All(wrong, copy => Assert.Throws<ArgumentOutOfRangeException>(() => registered.Copy(_stream, copy)));
        registered.Copy(_stream, Up(0, 100) with { Rows = 2, SourcePitch = Bytes - 100 });
        Wait();
        Assert.Equal(1 + 1, Gpu.Counts.CopiesUp);
    }

    [Fact]
    public void Constructor_OddEnd_RegistersTheLastPageWhole()
    {
        using RegisteredMemory registered = new(_device, _host.Start, Bytes - 100, 2 * Page);
        registered.Copy(_stream, Up(Bytes - 101, 1));
        Wait();
        Assert.Equal(2 * Page, Gpu.Counts.RegisteredBytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => registered.Copy(_stream, Up(Bytes - 100, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RegisteredMemory(_device, _host.Start + 1, Page));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RegisteredMemory(_device, _host.Start, Page, 100));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RegisteredMemory(_device, _host.Start, 0));
    }

    [Fact]
    public void Dispose_OfABrokenDevice_TriesEveryPiece()
    {
        RegisteredMemory registered = New();
        registered.Copy(_stream, Up(0, Bytes));
        Wait();
        Gpu.Faults.Break();
        registered.Dispose();
        registered.Dispose();
        Assert.Equal(0, Gpu.Counts.Registrations);
        Gpu.Faults.Mend();
        Assert.Throws<ObjectDisposedException>(() => registered.Copy(_stream, Up(0, 1)));
    }

    [Fact]
    public void Copy_OnABrokenDevice_SaysSo()
    {
        using RegisteredMemory registered = New();
        Gpu.Faults.Break();
        Assert.Throws<DeviceException>(() => registered.Copy(_stream, Up(0, 1)));
    }

    [Fact]
    public void Copy_FromManyThreads_RegistersEachPieceOnce()
    {
        using RegisteredMemory registered = New();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            using IDeviceStream stream = _device.OpenStream();
            for (var at = 0; at < Bytes - Page; at += Page) registered.Copy(stream, Up((at * (thread + 1)) % (Bytes - Page), Page));
        });
        Assert.Equal(Pieces, Gpu.Counts.Registrations);
    }

    private static DeviceCopy RandomRows(Random random)
    {
        var bytes = random.Next(1, random.Next(2) == 0 ? 5 * Page : 300);
        var rows = random.Next(1, 1 + Math.Min(200, Bytes / bytes));
        return new DeviceCopy(random.Next(2) == 0 ? DeviceCopyKind.HostToDevice : DeviceCopyKind.DeviceToHost, 0, 0, bytes)
        {
            Rows = rows,
            Source = Place(out var sourcePitch),
            SourcePitch = sourcePitch,
            Destination = Place(out var destinationPitch),
            DestinationPitch = destinationPitch,
        };

        ulong Place(out long pitch)
        {
            var widest = rows == 1 ? Bytes : (Bytes - bytes) / (rows - 1);
            pitch = random.Next(3) == 0 ? bytes : random.Next(bytes, widest + 1);
            return (ulong)random.Next((int)(Bytes - ((rows - 1) * pitch) - bytes) + 1);
        }
    }

    private RegisteredMemory New() => new(_device, _host.Start, Bytes, 2 * Page);

    private DeviceCopy Up(long offset, long bytes) =>
        new(DeviceCopyKind.HostToDevice, _host.Address + (ulong)offset, _memory.Address, bytes);

    private void Wait()
    {
        using IDeviceEvent mark = _stream.Record();
        mark.Wait();
    }
}
