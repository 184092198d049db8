using PrefixCache.CudaProbe;
using PrefixCache.CudaProbe.Checks;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.GpuCheck.Binding;

/// <summary>One check of the binding, in a process of its own: one that fails may leave a dead context behind.</summary>
internal static class ProbeProgram
{
    public const string Held = "held";
    public const string NotHere = "not here";

    /// <summary>Each with what it looks at.</summary>
    public static IReadOnlyDictionary<string, (string Note, Action Run)> All { get; } = new Dictionary<string, (string, Action)>
    {
        ["calls"] = ("every call of the driver, with bytes around each result that must stay", CallChecks.Run),
        ["errors"] = ("errors by name, and a device that is well after them", ErrorChecks.Run),
        ["copies"] = ("all kinds, whole and in rows, every byte compared", CopyChecks.Run),
        ["registrations"] = ("host memory, also such as is mapped for reading only", RegistrationChecks.Run),
        ["rounds"] = ("1,000 times the same, without a byte less afterwards", RoundChecks.Run),
        ["threads"] = ("from many threads", RoundChecks.RunThreads),
    };

    /// <summary>Those that take memory which a descriptor names.</summary>
    private static readonly string[] OfVirtualMemory = ["calls", "errors"];

    /// <summary>Prints <see cref="Held"/> or <see cref="NotHere"/>, or what did not hold to the standard error.</summary>
    public static int Run(string name)
    {
        try
        {
            if (OfVirtualMemory.Contains(name) && !HasVirtualMemory())
            {
                Console.WriteLine(NotHere);
                return 0;
            }

            All[name].Run();
            Console.WriteLine(Held);
            return 0;
        }
        catch (Exception exception) when (exception is ExpectationException or DeviceException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    private static bool HasVirtualMemory()
    {
        using var device = (CudaDevice)CudaDriver.Instance.Open(CudaDriver.Instance.List()[0].Uuid);
        return device.HasVirtualMemory;
    }
}
