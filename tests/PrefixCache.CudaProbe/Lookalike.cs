using System.Runtime.InteropServices;

namespace PrefixCache.CudaProbe;

/// <summary>What the look-alike of the driver offers beside the driver's calls.</summary>
internal static partial class Lookalike
{
    private const string Library = "libcuda.so.1";

    /// <summary>What is alive: objects of any kind, and contexts pushed.</summary>
    [LibraryImport(Library, EntryPoint = "lookalike_live")]
    public static partial long Live();

    /// <summary>Makes a call fail: its name, its number from now on, and the code; empty = nothing fails, and the device is well.</summary>
    [LibraryImport(Library, EntryPoint = "lookalike_fail", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void Fail(string plan);
}
