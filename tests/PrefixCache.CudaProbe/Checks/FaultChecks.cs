using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>Each call of the driver fails once, amid others: the error names it, and nothing is left. Needs the look-alike.</summary>
internal static class FaultChecks
{
    private const int SystemError = 304; // CUDA_ERROR_OPERATING_SYSTEM: nothing that stays

    private const int IllegalAddress = 700; // stays

    public static void Run()
    {
        using (IDevice device = TestDevice.Open())
        {
            var live = Lookalike.Live();
            foreach (var call in "cuMemGetAllocationGranularity cuMemCreate cuMemAddressReserve cuMemMap cuMemSetAccess".Split(' '))
                FailOnce(call, () => device.Allocate(1).Dispose());
            using (IDeviceMemory memory = device.Allocate(1))
            using (DeviceShare share = memory.Export())
            {
                var atOnce = Lookalike.Live();
                foreach (var call in "cuMemImportFromShareableHandle cuMemAddressReserve cuMemMap cuMemSetAccess".Split(' '))
                    FailOnce(call, () => device.Import(share).Dispose());
                FailOnce("cuMemExportToShareableHandle", () => memory.Export().Dispose());
                FailOnce("cuStreamCreate", () => device.OpenStream().Dispose());
                FailOnce("cuMemGetInfo_v2", () => _ = device.FreeBytes);
                FailOnce("cuCtxPushCurrent_v2", () => _ = device.FreeBytes);
                FailStream(device, memory);
                Expect.Equal(atOnce, Lookalike.Live());
            }

            Expect.Equal(live, Lookalike.Live());
        }

        CheckStart();
        CheckHandles();
        Expect.Equal(0, Lookalike.Live());
        CheckBroken();
    }

    private static void FailStream(IDevice device, IDeviceMemory memory)
    {
        using HostPages host = new(8192);
        using IDeviceStream stream = device.OpenStream();
        FailOnce("cuEventCreate", () => stream.Record().Dispose());
        FailOnce("cuEventRecord", () => stream.Record().Dispose());
        CheckRegistration(device, host);
        DeviceCopy up = new(DeviceCopyKind.HostToDevice, host.Address, memory.Address, 100);
        DeviceCopy down = new(DeviceCopyKind.DeviceToHost, memory.Address, host.Address, 100);
        FailOnce("cuMemcpyHtoDAsync_v2", () => stream.Copy(up));
        FailOnce("cuMemcpyDtoHAsync_v2", () => stream.Copy(down));
        DeviceCopy within = new(DeviceCopyKind.DeviceToDevice, memory.Address, memory.Address + 200, 100);
        FailOnce("cuMemcpyDtoDAsync_v2", () => stream.Copy(within));
        FailOnce("cuMemcpy2DAsync_v2", () => stream.Copy(up with { Rows = 2, SourcePitch = 200, DestinationPitch = 100 }));
        using IDeviceEvent mark = stream.Record();
        FailOnce("cuEventQuery", () => _ = mark.IsReached);
        FailOnce("cuEventSynchronize", mark.Wait);
        FailOnce("cuEventQuery", () => _ = mark.IsReached);
    }

    /// <summary>One failure is taken for a range that can only be read; the second try takes it, and a third finds it registered.</summary>
    private static void CheckRegistration(IDevice device, HostPages host)
    {
        Lookalike.Fail($"cuMemHostRegister_v2:1:{SystemError}");
        device.Register(host.Start, host.Length);
        Lookalike.Fail("");
        Expect.Throws<CudaException>(() => device.Register(host.Start, host.Length));
        FailOnce("cuMemHostUnregister", () => device.Unregister(host.Start));
    }

    private static void CheckStart()
    {
        FailOnce("cuDevicePrimaryCtxRetain", () => TestDevice.Open().Dispose());
        foreach (var call in "cuDeviceGetCount cuDeviceGet cuDeviceGetName cuDeviceGetUuid_v2 cuDeviceTotalMem_v2".Split(' '))
            FailOnce(call, () => CudaDriver.Instance.List());
        FailOnce("cuDeviceGetAttribute", () => TestDevice.Open().Dispose());
    }

    private static void CheckHandles()
    {
        using IDevice device = TestDevice.Open(byHandles: true);
        FailOnce("cuMemAlloc_v2", () => device.Allocate(1).Dispose());
        using IDeviceMemory memory = device.Allocate(1);
        FailOnce("cuIpcGetMemHandle", () => memory.Export().Dispose());
        using DeviceShare share = memory.Export();
        Expect.Throws<CudaException>(() => device.Import(share)); // of this process
    }

    /// <summary>A copy that fails as it runs: all that comes after says so, and giving things back is silent.</summary>
    private static void CheckBroken()
    {
        using HostPages host = new(8192);
        using (IDevice device = TestDevice.Open())
        using (IDeviceMemory memory = device.Allocate(1))
        using (IDeviceStream stream = device.OpenStream())
        {
            device.Register(host.Start, host.Length);
            Lookalike.Fail($"run:1:{IllegalAddress}");
            Expect.Equal("CUDA_ERROR_ILLEGAL_ADDRESS", Expect.Throws<CudaException>(() =>
            {
                stream.Copy(new DeviceCopy(DeviceCopyKind.HostToDevice, host.Address, memory.Address, 100));
                using IDeviceEvent mark = stream.Record();
                mark.Wait();
            }).Name);
            Expect.That(!Expect.Throws<CudaException>(() => device.Allocate(1)).IsOutOfMemory);
            Expect.Throws<CudaException>(() => stream.Record());
            Expect.Throws<CudaException>(() => device.Unregister(host.Start));
        }
    }

    private static void FailOnce(string call, Action action)
    {
        Lookalike.Fail($"{call}:1:{SystemError}");
        CudaException exception = Expect.Throws<CudaException>(action, call);
        Expect.Equal(SystemError, exception.Code, call);
        Expect.Equal(call, exception.Call);
        Lookalike.Fail("");
        action(); // it goes on
    }
}
