using System.Runtime.InteropServices;
using PrefixCache.Format.Devices;

namespace PrefixCache.Format.Native.Cuda;

/// <summary>Finds the driver's library, looks whether it has every call, and starts it. Nothing happens before the first use.</summary>
internal static class CudaLibrary
{
    private static readonly Lock Gate = new();
    private static volatile bool _isLoaded;

    /// <summary>To be called before anything of <see cref="LibCuda"/>; costs nothing once it went well.</summary>
    /// <returns>False = the driver works and finds no device.</returns>
    /// <exception cref="DeviceException">There is no driver, it is too old, or it does not start.</exception>
    public static bool Load()
    {
        if (_isLoaded) return true;
        lock (Gate)
        {
            if (_isLoaded) return true;
            Find();
            var code = LibCuda.Init(0);
            if (code == CudaResult.NoDevice) return false;
            CudaException.ThrowIfFailed(code, "cuInit");
            _isLoaded = true;
            return true;
        }
    }

    /// <summary>The library stays loaded: it is never unloaded in a process that has used it.</summary>
    private static void Find()
    {
        if (!NativeLibrary.TryLoad(LibCuda.Library, typeof(CudaLibrary).Assembly, null, out var library))
        {
            throw new DeviceException(
                $"There is no NVIDIA driver: {LibCuda.Library} was not found, or cannot be loaded. Install the driver, or start the "
                + "container with the GPU (docker run --gpus all); without a GPU, turn off what asks for one.");
        }

        foreach (var symbol in LibCuda.Symbols)
        {
            if (!NativeLibrary.TryGetExport(library, symbol, out _))
            {
                throw new DeviceException(
                    $"The NVIDIA driver is too old: {LibCuda.Library} has no {symbol}. Install driver 470 (CUDA 11.4) or newer.");
            }
        }
    }
}
