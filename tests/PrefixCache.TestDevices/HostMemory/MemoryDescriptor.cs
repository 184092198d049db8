using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>Descriptors of memory files, and handles that name them: process, descriptor, and the file's number to know it by.</summary>
internal static partial class MemoryDescriptor
{
    private const uint CloseOnExec = 0x0001; // memfd_create(2)

    private const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC: fcntl(2)

    private static long _made;

    public static SafeFileHandle Create(long bytes)
    {
        var name = Marker(Environment.ProcessId, Interlocked.Increment(ref _made));
        SafeFileHandle descriptor = new(MemoryFileCreate(name, CloseOnExec), ownsHandle: true);
        if (descriptor.IsInvalid) throw PosixException.FromLastCall("memfd_create");
        if (Truncate(descriptor, bytes) == 0) return descriptor;
        PosixException exception = PosixException.FromLastCall("ftruncate");
        descriptor.Dispose();
        throw exception;
    }

    public static SafeFileHandle Duplicate(SafeFileHandle descriptor)
    {
        SafeFileHandle copy = new(FileControl(descriptor, DuplicateCloseOnExec, 0), ownsHandle: true);
        return copy.IsInvalid ? throw new DeviceException(PosixException.FromLastCall("fcntl(F_DUPFD_CLOEXEC)").Message) : copy;
    }

    /// <summary>A handle that is good as long as the descriptor is open.</summary>
    public static byte[] Name(SafeFileHandle descriptor)
    {
        var target = File.ResolveLinkTarget($"/proc/self/fd/{descriptor.DangerousGetHandle()}", returnFinalTarget: false)!.FullName;
        var number = long.Parse(target.Split('-', ' ')[^2], System.Globalization.CultureInfo.InvariantCulture);
        var handle = new byte[DeviceShare.HandleBytes];
        BinaryPrimitives.WriteInt64LittleEndian(handle, Environment.ProcessId);
        BinaryPrimitives.WriteInt64LittleEndian(handle.AsSpan(8), descriptor.DangerousGetHandle());
        BinaryPrimitives.WriteInt64LittleEndian(handle.AsSpan(16), number);
        return handle;
    }

    /// <exception cref="DeviceException">The memory has gone, or the process.</exception>
    public static SafeFileHandle Open(ReadOnlySpan<byte> handle)
    {
        var process = (int)BinaryPrimitives.ReadInt64LittleEndian(handle);
        var link = $"/proc/{process}/fd/{BinaryPrimitives.ReadInt64LittleEndian(handle[8..])}";
        var marker = Marker(process, BinaryPrimitives.ReadInt64LittleEndian(handle[16..]));
        try
        {
            if (File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName.Contains(marker + " ", StringComparison.Ordinal) == true)
                return File.OpenHandle(link, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (IOException)
        {
            // Said below: the owner has given the memory back, or has ended.
        }

        throw new DeviceException("The handle names no memory of a device: its owner has given it back, or has ended.");
    }

    private static string Marker(int process, long number) => $"host-device-{process}-{number}";

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFileCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafeFileHandle file, int command, int argument);
}
