using System.Runtime.InteropServices;
using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>A call of the CUDA driver failed.</summary>
/// <remarks>
/// A copy that ran before may be the cause: the driver reports its failure with whichever call comes next. Codes: driver API, section
/// "Data types used by CUDA driver", <c>CUresult</c>.
/// </remarks>
public sealed class CudaException : DeviceException
{
    private CudaException(string call, int code, string name, string text)
        : base($"{call} failed: {name} ({code}): {text}.{AdviceFor(code)}", code == CudaResult.OutOfMemory) =>
        (Call, Code, Name) = (call, code, name);

    /// <summary>The call, such as <c>cuMemCreate</c>.</summary>
    public string Call { get; }

    /// <summary>What it returned (<c>CUresult</c>).</summary>
    public int Code { get; }

    /// <summary>Symbolic name of <see cref="Code"/>, such as <c>CUDA_ERROR_OUT_OF_MEMORY</c>.</summary>
    public string Name { get; }

    /// <exception cref="CudaException">The code is not 0.</exception>
    internal static void ThrowIfFailed(int code, string call)
    {
        if (code != CudaResult.Success) throw From(code, call);
    }

    internal static unsafe CudaException From(int code, string call)
    {
        var name = LibCuda.GetErrorName(code, out var nameText) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)nameText) : null;
        var text = LibCuda.GetErrorString(code, out var errorText) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)errorText) : null;
        return new CudaException(call, code, name ?? "an error that this driver does not name", text ?? "no description");
    }

    private static string AdviceFor(int code) => code switch
    {
        CudaResult.OutOfMemory => " Take less device memory, or free some: nvidia-smi shows who holds it.",
        CudaResult.StubLibrary => $" The {LibCuda.Library} that was found is for linking only: remove its folder from LD_LIBRARY_PATH.",
        CudaResult.DeviceUnavailable => " Another process has the device for itself: see its compute mode in nvidia-smi.",
        CudaResult.SystemNotReady => " On machines with NVSwitch the service nvidia-fabricmanager must run.",
        CudaResult.SystemDriverMismatch => " The driver's library and its kernel module differ: reboot, or load the module anew.",
        CudaResult.CompatNotSupportedOnDevice => " Remove the CUDA compatibility library from LD_LIBRARY_PATH.",
        _ => "",
    };
}
