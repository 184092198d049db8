using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.UnitTests.Devices;

/// <summary>What can be seen of the binding without a driver: names, and where the driver looks for its structs' fields.</summary>
public class LibCudaTests
{
    [Fact]
    public void Symbols_AreTheCallsThatAreDeclared()
    {
        var declared = typeof(LibCuda).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Select(method => method.GetCustomAttribute<LibraryImportAttribute>()?.EntryPoint);
        Assert.Equal(LibCuda.Symbols.Order(StringComparer.Ordinal), declared.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Structs_HaveTheDriversSizes() =>
        Assert.Equal((128, 32, 12, 8, 64),
            (Unsafe.SizeOf<CudaCopy2D>(), Unsafe.SizeOf<CudaAllocationProperties>(), Unsafe.SizeOf<CudaAccess>(),
                Unsafe.SizeOf<CudaLocation>(), Unsafe.SizeOf<CudaIpcHandle>()));

    [Theory]
    [InlineData(nameof(CudaCopy2D.SourceType), 16)]
    [InlineData(nameof(CudaCopy2D.SourceHost), 24)]
    [InlineData(nameof(CudaCopy2D.SourceDevice), 32)]
    [InlineData(nameof(CudaCopy2D.SourceArray), 40)]
    [InlineData(nameof(CudaCopy2D.SourcePitch), 48)]
    [InlineData(nameof(CudaCopy2D.DestinationX), 56)]
    [InlineData(nameof(CudaCopy2D.DestinationType), 72)]
    [InlineData(nameof(CudaCopy2D.DestinationHost), 80)]
    [InlineData(nameof(CudaCopy2D.DestinationDevice), 88)]
    [InlineData(nameof(CudaCopy2D.DestinationPitch), 104)]
    [InlineData(nameof(CudaCopy2D.WidthInBytes), 112)]
    [InlineData(nameof(CudaCopy2D.Height), 120)]
    public void Copy2D_HasTheDriversOffsets(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<CudaCopy2D>(field));

    [Theory]
    [InlineData(nameof(CudaAllocationProperties.RequestedHandleTypes), 4)]
    [InlineData(nameof(CudaAllocationProperties.Location), 8)]
    [InlineData(nameof(CudaAllocationProperties.Win32HandleMetaData), 16)]
    [InlineData(nameof(CudaAllocationProperties.GpuDirectRdmaCapable), 25)]
    [InlineData(nameof(CudaAllocationProperties.Usage), 26)]
    public void AllocationProperties_HaveTheDriversOffsets(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<CudaAllocationProperties>(field));

    [Fact]
    public void Text_OfAnIdentity_IsInTheDriversOrder()
    {
        var bytes = Convert.FromHexString("6E1C00112233445566778899AABBCCDD");
        Assert.Equal("GPU-6e1c0011-2233-4455-6677-8899aabbccdd", new DeviceIdentity(new Guid(bytes, bigEndian: true), "", 0).Text);
    }
}
