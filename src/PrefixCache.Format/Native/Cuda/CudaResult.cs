namespace PrefixCache.Format.Native.Cuda;

/// <summary>The values of <c>CUresult</c> that mean something here (driver API, section "Data types used by CUDA driver").</summary>
internal static class CudaResult
{
    public const int Success = 0;
    public const int OutOfMemory = 2;
    public const int StubLibrary = 34;
    public const int DeviceUnavailable = 46;
    public const int NoDevice = 100;
    public const int NotReady = 600;
    public const int HostMemoryAlreadyRegistered = 712;
    public const int SystemNotReady = 802;
    public const int SystemDriverMismatch = 803;
    public const int CompatNotSupportedOnDevice = 804;
}
