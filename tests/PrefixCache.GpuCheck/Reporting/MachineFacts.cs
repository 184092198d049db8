using System.Globalization;
using System.Runtime.InteropServices;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.GpuCheck.Reporting;

/// <summary>What the table's figures were measured on.</summary>
internal sealed record MachineFacts(string Date, string Device, string Driver, string Cpu, string Kernel)
{
    private const string KernelFile = "/proc/sys/kernel/osrelease";
    private const string ModuleFile = "/proc/driver/nvidia/version";

    /// <exception cref="DeviceException">There is no driver, or it does not work.</exception>
    public static MachineFacts Of(DeviceIdentity device) => new(
        DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        $"{device.Name}, {device.TotalBytes >> 20:#,0} MiB, {device.Text}",
        $"CUDA {CudaDriver.Version / 1000}.{CudaDriver.Version % 1000 / 10}; {FirstLine(ModuleFile) ?? "no kernel module"}",
        $"{CpuName()}, {Environment.ProcessorCount} processors",
        $"{FirstLine(KernelFile)}; {RuntimeInformation.OSDescription}");

    public IEnumerable<(string Name, string Value)> All =>
        [("date", Date), ("device", Device), ("driver", Driver), ("cpu", Cpu), ("kernel", Kernel)];

    private static string CpuName()
    {
        var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string? FirstLine(string file) => File.Exists(file) ? File.ReadLines(file).FirstOrDefault()?.Trim() : null;
}
