namespace PrefixCache.Format.Devices;

/// <summary>A queue of copies of one device. One thread at a time; disposing it waits for what is queued.</summary>
public interface IDeviceStream : IDisposable
{
    /// <summary>Queues a copy and returns, at once where its host memory is registered.</summary>
    /// <exception cref="DeviceException">The device fails, now or with an earlier copy.</exception>
    void Copy(in DeviceCopy copy);

    /// <summary>A mark behind what is queued. The caller owns it.</summary>
    IDeviceEvent Record();
}
