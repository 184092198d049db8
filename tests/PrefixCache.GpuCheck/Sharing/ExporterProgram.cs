using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Sharing;

/// <summary>A process that takes memory and gives it to another.</summary>
internal static class ExporterProgram
{
    /// <summary>Written by the exporter, and by the importer.</summary>
    public const int First = 7;
    public const int Second = 8;

    /// <param name="name">Of the socket that it waits at.</param>
    public static int Run(string name, Guid device, bool byHandle)
    {
        try
        {
            using var opened = (byHandle ? CudaDriver.ByHandles : CudaDriver.Instance).Open(device);
            using var memory = opened.Allocate(KvPattern.Llama(0).Bytes);
            using var pattern = new SharedPattern(opened, memory);
            pattern.Write(First);
            using var listener = ShareMessage.NewSocket();
            listener.Bind(ShareMessage.Address(name));
            listener.Listen();
            using var share = memory.Export();
            Console.WriteLine(share.Descriptor is null ? "handle" : "descriptor");
            using var connection = listener.Accept();
            ShareMessage.Send(connection, share);

            // What comes is a wish to look at what the other process has written.
            while (Console.In.ReadLine() is not null)
            {
                pattern.Verify(Second);
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
