using PrefixCache.Format.Devices;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices;

public sealed unsafe class HostMemoryDeviceTests : IDisposable
{
    private readonly HostMemoryDriver _driver = new();
    private readonly HostPages _host = new(1 << 20);

    private HostMemoryGpu Gpu => _driver.Gpu;

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Copy_UpAndDown_BringsBytesAndLeavesNothing(bool isRegistered)
    {
        using (IDevice device = _driver.Open(Gpu.Identity.Uuid))
        using (IDeviceStream stream = device.OpenStream())
        using (IDeviceMemory memory = device.Allocate(100_000))
        {
            Assert.True(memory.Bytes >= 100_000);
            Assert.Equal(Gpu.Options.CapacityBytes - memory.Bytes, device.FreeBytes);
            if (isRegistered) device.Register(_host.Start, _host.Length);
            Random.Shared.NextBytes(_host.Span[..100_000]);
            stream.Copy(new DeviceCopy(DeviceCopyKind.HostToDevice, _host.Address, memory.Address, 100_000));
            stream.Copy(new DeviceCopy(DeviceCopyKind.DeviceToHost, memory.Address, _host.Address + 200_000, 100_000));
            using (IDeviceEvent mark = stream.Record()) mark.Wait();
            Assert.True(_host.Span[..100_000].SequenceEqual(_host.Span.Slice(200_000, 100_000)));
            Assert.Equal(_host.Span[..100_000].ToArray(), Gpu.Read(memory.Address, 100_000));
            Assert.Equal((1, 1, 100_000, 100_000), (Gpu.Counts.CopiesUp, Gpu.Counts.CopiesDown, Gpu.Counts.BytesUp, Gpu.Counts.BytesDown));
            Assert.Equal(isRegistered ? 0 : 2, Gpu.Counts.UnregisteredCopies);
            if (isRegistered) device.Unregister(_host.Start);
        }

        Assert.Empty(_driver.Complaints);
    }

    [Fact]
    public void Copy_OfRows_KeepsWhatLiesBetween()
    {
        using HostMemoryDevice device = new(Gpu);
        using IDeviceStream stream = device.OpenStream();
        using IDeviceMemory memory = device.Allocate(1000);
        Gpu.Write(memory.Address, Enumerable.Repeat((byte)0xee, 1000).ToArray());
        for (var i = 0; i < 300; i++) _host.Span[i] = (byte)i;
        DeviceCopy copy = new(DeviceCopyKind.HostToDevice, _host.Address, memory.Address, 10);
        stream.Copy(copy with { Rows = 3, SourcePitch = 100, DestinationPitch = 20 });
        var bytes = Gpu.Read(memory.Address, 60);
        Assert.Equal("00-01-09-EE-EE-64-6D-EE-C8-D1-EE",
            string.Join('-', "0 1 9 10 19 20 29 30 40 49 50".Split(' ').Select(at => bytes[int.Parse(at, null)].ToString("X2", null))));
    }

    [Fact]
    public void Event_WithGateClosed_IsReachedWhenItOpens()
    {
        using HostMemoryDevice device = new(Gpu);
        using IDeviceStream stream = device.OpenStream();
        using IDeviceMemory memory = device.Allocate(100);
        device.Register(_host.Start, _host.Length);
        Gpu.Gate.Close();
        stream.Copy(new DeviceCopy(DeviceCopyKind.HostToDevice, _host.Address, memory.Address, 100));
        using IDeviceEvent first = stream.Record();
        stream.Copy(new DeviceCopy(DeviceCopyKind.HostToDevice, _host.Address, memory.Address, 100));
        using IDeviceEvent second = stream.Record();
        Gpu.Gate.WaitUntilHeld();
        Assert.False(first.IsReached);
        Gpu.Gate.Pass(1);
        first.Wait();
        Assert.False(second.IsReached);
        Gpu.Gate.Open();
        second.Wait();
        Assert.True(first.IsReached && second.IsReached);
        device.Unregister(_host.Start);
        Assert.Empty(Gpu.Violations);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Import_OfExport_IsTheSameMemory(bool exportsHandles)
    {
        HostMemoryDriver driver = new(new HostMemoryOptions { ExportsHandles = exportsHandles });
        DeviceShare share;
        using (IDevice device = driver.Open(driver.Gpu.Identity.Uuid))
        using (IDevice other = driver.Open(driver.Gpu.Identity.Uuid))
        {
            using (IDeviceMemory memory = device.Allocate(100))
            {
                share = memory.Export();
                Assert.Equal(exportsHandles, share.Handle is not null);
                using IDeviceMemory mapped = other.Import(share);
                Assert.NotEqual(memory.Address, mapped.Address);
                Assert.Equal(memory.Bytes, mapped.Bytes);
                driver.Gpu.Write(memory.Address, [1, 2, 3]);
                Assert.Equal([1, 2, 3], driver.Gpu.Read(mapped.Address, 3));
            }

            // A descriptor keeps the memory, a handle does not.
            if (exportsHandles) Assert.Throws<DeviceException>(() => other.Import(share));
            else other.Import(share).Dispose();
        }

        share.Dispose();
        Assert.Empty(driver.Complaints);
    }

    [Fact]
    public void Allocate_PastCapacity_IsOutOfMemoryAndNothingElse()
    {
        using HostMemoryDevice device = new(new HostMemoryGpu(new HostMemoryOptions { CapacityBytes = 128 << 10 }));
        using IDeviceMemory memory = device.Allocate(1);
        Assert.True(Assert.Throws<DeviceException>(() => device.Allocate(65 << 10)).IsOutOfMemory);
        using IDeviceMemory rest = device.Allocate(64 << 10);
        Assert.Equal(0, device.FreeBytes);
    }

    [Fact]
    public void RunCopy_ThatFails_BreaksTheDevice()
    {
        using HostMemoryDevice device = new(Gpu);
        using IDeviceStream stream = device.OpenStream();
        using IDeviceMemory memory = device.Allocate(100);
        device.Register(_host.Start, _host.Length);
        Gpu.Faults.Fail(DeviceCall.RunCopy, skip: 1);
        DeviceCopy copy = new(DeviceCopyKind.HostToDevice, _host.Address, memory.Address, 100);
        stream.Copy(copy);
        using (IDeviceEvent mark = stream.Record()) mark.Wait();
        stream.Copy(copy);
        Assert.Throws<DeviceException>(() => Finish(stream));
        Assert.Throws<DeviceException>(() => device.Allocate(1));
        Assert.Throws<DeviceException>(() => stream.Copy(copy));
        Assert.Throws<DeviceException>(() => device.Unregister(_host.Start));
        Assert.Equal(1, Gpu.Counts.CopiesUp);
        Assert.Empty(Gpu.Violations);
    }

    [Fact]
    public void WrongCalls_AreNoted()
    {
        using HostMemoryDevice device = new(Gpu);
        using IDeviceStream stream = device.OpenStream();
        IDeviceMemory memory = device.Allocate(100);
        var address = memory.Address;
        device.Register(_host.Start, 4096);
        DeviceCopy fine = new(DeviceCopyKind.HostToDevice, _host.Address, address, 100);
        Wrong(() => stream.Copy(fine with { Destination = address + (ulong)memory.Bytes - 99 }));
        Wrong(() => stream.Copy(fine with { Destination = _host.Address + 8192 }));
        Wrong(() => stream.Copy(fine with { Source = address }));
        Wrong(() => stream.Copy(fine with { Source = _host.Address + 4000 }));
        Wrong(() => stream.Copy(fine with { Rows = 2, SourcePitch = 99, DestinationPitch = 100 }));
        Wrong(() => stream.Copy(fine with { RowBytes = 0 }));
        Wrong(() => stream.Copy(new DeviceCopy(DeviceCopyKind.DeviceToDevice, address, address + 99, 100)));
        Wrong(() => device.Register(_host.Start, 8192));
        Wrong(() => device.Register(_host.Start + 4096, 100));
        Wrong(() => device.Unregister(_host.Start + 4096));
        Gpu.Gate.Close();
        stream.Copy(fine);
        Gpu.Gate.WaitUntilHeld();
        Wrong(() => device.Unregister(_host.Start));
        Noted(memory.Dispose);
        Noted(memory.Dispose);
        Gpu.Gate.Open();
        Wrong(() => _ = memory.Address);
    }

    /// <summary>Fails where it records or where it waits: the copy may have run by then.</summary>
    private static void Finish(IDeviceStream stream)
    {
        using IDeviceEvent mark = stream.Record();
        mark.Wait();
    }

    private void Wrong(Action call) => Noted(() => Assert.Throws<InvalidOperationException>(call));

    private void Noted(Action call)
    {
        var before = Gpu.Violations.Count;
        call();
        Assert.Equal(before + 1, Gpu.Violations.Count);
    }
}
