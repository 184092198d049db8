using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Native.Posix;

/// <summary>Anonymous shared memory: a memfd (memfd_create(2)) with its pages reserved, sealed against resizing, and mapped.</summary>
/// <remarks>
/// Owns the file descriptor and one writable mapping. The seals matter to those who map it too: a file that could shrink would kill
/// whoever touches the missing part (SIGBUS). Thread-safe; the owner disposes when nobody uses <see cref="Pointer"/> any more.
/// </remarks>
public sealed unsafe class MemoryFile : IDisposable
{
    // A signal interrupts fallocate on shared memory and undoes what that call did, so a large file is reserved in pieces.
    private const long ReservePieceBytes = 256L << 20;

    private const uint OwnerOnly = 0b_110_000_000; // 0600

    private readonly MemoryMapping _mapping;
    private int _disposed;

    private MemoryFile(SafeFileHandle handle, MemoryMapping mapping, bool othersMayWrite)
    {
        Handle = handle;
        _mapping = mapping;
        OthersMayWrite = othersMayWrite;
    }

    /// <summary>The descriptor, to hand to other processes (SCM_RIGHTS). Owned by this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Whether a process that is given <see cref="Handle"/> can get a writable mapping.</summary>
    public bool OthersMayWrite { get; }

    /// <summary>Bytes.</summary>
    public long Length => _mapping.Length;

    /// <summary>First byte of the mapping, aligned to a page. Zero when created.</summary>
    /// <exception cref="ObjectDisposedException">The memory is gone.</exception>
    public byte* Pointer => _mapping.Pointer;

    /// <summary>Makes the file. Its memory is charged to this process's cgroup here, not at first touch.</summary>
    /// <param name="name">Shown in /proc/self/fd and /proc/self/maps; need not be unique; at most 249 bytes.</param>
    /// <param name="length">Bytes, above 0.</param>
    /// <param name="othersMayWrite">
    /// False seals the file against every writable mapping but this one. Needs Linux 5.1; before, <see cref="OthersMayWrite"/> stays true.
    /// </param>
    /// <param name="hugePageBytes">
    /// Takes pages of this size from the machine's pool; <paramref name="length"/> is a multiple. 0 = none.
    /// </param>
    /// <param name="transparentHugePages">Asks for transparent huge pages, which need not come, and fills the memory at once.</param>
    /// <param name="reserve">False takes memory as it is touched, which may fail by SIGBUS: only where next to nothing is touched.</param>
    /// <exception cref="PosixException">A call failed: ENOSPC or ENOMEM when there is too little memory.</exception>
    public static MemoryFile Create(
        string name, long length, bool othersMayWrite = true, long hugePageBytes = 0, bool transparentHugePages = false,
        bool reserve = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);

        uint pool = hugePageBytes == 0 ? 0 : LibC.HugePool | ((uint)long.Log2(hugePageBytes) << LibC.HugeSizeShift);
        int descriptor = LibC.MemoryFileCreate(name, LibC.CloseOnExec | LibC.AllowSealing | pool);
        if (descriptor < 0) throw PosixException.FromLastCall("memfd_create");
        SafeFileHandle handle = new(descriptor, ownsHandle: true);
        MemoryMapping? mapping = null;
        try
        {
            // Another user who gets a descriptor for reading must not open the memory for writing through /proc.
            if (LibC.ChangeMode(handle, OwnerOnly) != 0) throw PosixException.FromLastCall("fchmod");
            if (LibC.Truncate(handle, length) != 0) throw PosixException.FromLastCall("ftruncate");
            // Before the seal, which lets the writable mappings be that exist already.
            if (transparentHugePages)
            {
                mapping = MemoryMapping.Map(handle, length, writable: true);
                FillHuge(mapping);
            }

            if (reserve) Reserve(handle, length);
            mapping ??= MemoryMapping.Map(handle, length, writable: true);
            if (!othersMayWrite) othersMayWrite = !TrySealAgainstWriters(handle);
            AddSeals(handle, LibC.SealShrink | LibC.SealGrow | LibC.SealSeal);
            return new MemoryFile(handle, mapping, othersMayWrite);
        }
        catch
        {
            mapping?.Dispose();
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Maps the same memory a second time.</summary>
    /// <param name="writable">Whether the new mapping may be written through.</param>
    /// <returns>A mapping that the caller owns.</returns>
    public MemoryMapping MapAgain(bool writable) => MemoryMapping.Map(Handle, Length, writable);

    /// <summary>A descriptor of the same memory that can be mapped for reading only.</summary>
    /// <returns>Owned by the caller.</returns>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    public SafeFileHandle OpenReadOnly() =>
        File.OpenHandle(FormattableString.Invariant($"/proc/self/fd/{Handle.DangerousGetHandle()}"), FileMode.Open, FileAccess.Read,
            FileShare.ReadWrite);

    /// <summary>Unmaps and closes; the memory returns to the system when no other process maps it. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _mapping.Dispose();
        Handle.Dispose();
    }

    /// <summary>
    /// Where the kernel gives huge pages only to mappings that ask, fallocate gets small ones, and what has them keeps them: so the mapping
    /// takes the memory, by a touch, and fallocate only what is left.
    /// </summary>
    private static void FillHuge(MemoryMapping mapping)
    {
        if (!mapping.TryAskForHugePages()) return;
        try
        {
            for (long offset = 0; offset < mapping.Length; offset += ReservePieceBytes)
                mapping.Populate(offset, Math.Min(ReservePieceBytes, mapping.Length - offset), writable: true);
        }
        catch (PosixException)
        {
            // Too little memory, most likely: fallocate says how much there was.
        }
    }

    private static void Reserve(SafeFileHandle handle, long length)
    {
        for (long offset = 0; offset < length;)
        {
            long piece = Math.Min(ReservePieceBytes, length - offset);
            if (LibC.Allocate(handle, mode: 0, offset, piece) == 0)
                offset += piece;
            else if (Marshal.GetLastPInvokeError() != Errno.Interrupted)
                throw PosixException.FromLastCall("fallocate", $"Only {offset} of {length} bytes could be reserved: ask for less.");
        }
    }

    private static bool TrySealAgainstWriters(SafeFileHandle handle)
    {
        if (LibC.FileControl(handle, LibC.AddSeals, LibC.SealFutureWrite) == 0) return true;
        if (Marshal.GetLastPInvokeError() == Errno.InvalidArgument) return false; // a seal that this kernel does not know
        throw PosixException.FromLastCall("fcntl(F_ADD_SEALS)");
    }

    private static void AddSeals(SafeFileHandle handle, int seals)
    {
        if (LibC.FileControl(handle, LibC.AddSeals, seals) != 0) throw PosixException.FromLastCall("fcntl(F_ADD_SEALS)");
    }
}
