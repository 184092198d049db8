using PrefixCache.CudaProbe;
using PrefixCache.CudaProbe.Checks;
using PrefixCache.Format.Devices;

namespace PrefixCache.GpuCheck.Binding;

/// <summary>One check of the binding, in a process of its own: one that fails may leave a dead context behind.</summary>
internal static class ProbeProgram
{
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

    public static int Run(string name)
    {
        try
        {
            All[name].Run();
            Console.WriteLine("held");
            return 0;
        }
        catch (Exception exception) when (exception is ExpectationException or DeviceException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }
}
