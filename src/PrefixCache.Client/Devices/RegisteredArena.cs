using PrefixCache.Format.Devices;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.Client.Devices;

/// <summary>The mapped host arena as copies of a device see it. Goes with the mapping, after the last copy.</summary>
/// <remarks>Owns the registrations. Thread-safe.</remarks>
internal sealed unsafe class RegisteredArena : IDisposable
{
    private RegisteredArena(IDevice device, ArenaView arena)
    {
        Arena = arena;
        Memory = new RegisteredMemory(device, (nint)arena.Payload(0, arena.Bytes), arena.Bytes);
    }

    public ArenaView Arena { get; }

    /// <summary>To be used while <see cref="Arena"/> is held.</summary>
    public RegisteredMemory Memory { get; }

    /// <summary>The arena owns the result.</summary>
    public static RegisteredArena Of(IDevice device, ArenaView arena)
    {
        var registered = new RegisteredArena(device, arena);
        arena.DisposeWith(registered);
        return registered;
    }

    /// <summary>Where a range of the arena lies, for copies of the device.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public ulong AddressOf(long offset, long length) => (ulong)Arena.Payload(offset, length);

    public void Dispose()
    {
        try
        {
            Memory.Dispose();
        }
        catch (DeviceException)
        {
            // Of a device that does not work any more; the mapping goes all the same.
        }
    }
}
