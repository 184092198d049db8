namespace PrefixCache.Format.Native.Posix;

/// <summary>Error numbers of Linux that this project meets; the same on x64 and arm64 (errno(3), asm-generic/errno-base.h).</summary>
public static class Errno
{
    /// <summary>Operation not permitted.</summary>
    public const int OperationNotPermitted = 1;

    /// <summary>Interrupted by a signal: call again.</summary>
    public const int Interrupted = 4;

    /// <summary>Try again.</summary>
    public const int TryAgain = 11;

    /// <summary>Not enough memory, or a limit on locked memory is reached.</summary>
    public const int OutOfMemory = 12;

    /// <summary>Invalid argument: a flag that this kernel does not know, among others.</summary>
    public const int InvalidArgument = 22;

    /// <summary>The symbolic name, such as <c>ENOMEM</c>; the number itself where the name is not known here.</summary>
    public static string NameOf(int errno) => errno switch
    {
        1 => "EPERM",
        2 => "ENOENT",
        3 => "ESRCH",
        4 => "EINTR",
        5 => "EIO",
        9 => "EBADF",
        11 => "EAGAIN",
        12 => "ENOMEM",
        13 => "EACCES",
        14 => "EFAULT",
        16 => "EBUSY",
        17 => "EEXIST",
        19 => "ENODEV",
        22 => "EINVAL",
        23 => "ENFILE",
        24 => "EMFILE",
        27 => "EFBIG",
        28 => "ENOSPC",
        32 => "EPIPE",
        38 => "ENOSYS",
        95 => "EOPNOTSUPP",
        104 => "ECONNRESET",
        _ => errno.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
