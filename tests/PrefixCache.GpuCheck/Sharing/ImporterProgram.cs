using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Sharing;

/// <summary>A process that maps what the exporter has taken; looks at it, changes it, and looks again when asked.</summary>
internal static class ImporterProgram
{
    public static int Run(string name, Guid device)
    {
        try
        {
            using var connection = ShareMessage.NewSocket();
            connection.Connect(ShareMessage.Address(name));
            using var opened = CudaDriver.Instance.Open(device);
            using var share = ShareMessage.Receive(connection);
            using var memory = opened.Import(share);
            share.Dispose(); // the mapping needs it no more
            using var pattern = new SharedPattern(opened, memory);
            pattern.Verify(ExporterProgram.First);
            pattern.Write(ExporterProgram.Second);
            Console.WriteLine("right");
            while (Console.In.ReadLine() is not null)
            {
                pattern.Verify(ExporterProgram.Second);
                Console.WriteLine("right");
            }

            return 0;
        }
        catch (Exception exception) when (exception is DeviceException or CheckException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }
}
