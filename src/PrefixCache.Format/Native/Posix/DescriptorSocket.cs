using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PrefixCache.Format.Native.Posix;

/// <summary>Sends and receives file descriptors over a Unix socket (unix(7), <c>SCM_RIGHTS</c>), which .NET's sockets cannot.</summary>
/// <remarks>Stateless; one caller a socket and direction at a time.</remarks>
public static unsafe class DescriptorSocket
{
    /// <summary>Sends a short message whose first byte carries descriptors.</summary>
    /// <remarks>
    /// Does not wait: a fresh socket has room for a message of a few KiB; a peer that leaves it full gets an error.
    /// </remarks>
    /// <param name="bytes">At least one.</param>
    /// <param name="descriptors">1 to 4. The receiver gets descriptors of its own; these stay the caller's.</param>
    /// <exception cref="PosixException">The peer is gone or does not read.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<SafeFileHandle> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes.Length, nameof(bytes));
        ArgumentOutOfRangeException.ThrowIfZero(descriptors.Length, nameof(descriptors));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, DescriptorControl.MaxDescriptors, nameof(descriptors));
        var control = new DescriptorControl { Level = LibC.SocketLevel, Type = LibC.Rights };
        var held = 0;
        try
        {
            for (; held < descriptors.Length; held++)
            {
                var added = false;
                descriptors[held].DangerousAddRef(ref added);
                control.Descriptors[held] = (int)descriptors[held].DangerousGetHandle();
            }

            control.Length = (nuint)(DescriptorControl.HeaderBytes + (descriptors.Length * sizeof(int)));
            fixed (byte* first = bytes)
            {
                var vector = new IoVector { Base = first, Length = (nuint)bytes.Length };
                var message = new MessageHeader
                {
                    Vectors = &vector,
                    VectorCount = 1,
                    Control = &control,
                    ControlLength = Aligned(control.Length),
                };
                Send(socket, message, bytes.Length);
            }
        }
        finally
        {
            while (held > 0) descriptors[--held].DangerousRelease();
        }
    }

    /// <summary>Receives what has come, without waiting: call it when the socket is readable.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="descriptors">Owned by the caller; closed in programs that this process starts.</param>
    /// <returns>Bytes received; 0 = the peer has closed.</returns>
    /// <exception cref="PosixException">Nothing is there (EAGAIN), or the connection is broken.</exception>
    /// <exception cref="IOException">More descriptors came than a message may have; all were closed.</exception>
    public static int Receive(Socket socket, Span<byte> buffer, out SafeFileHandle[] descriptors)
    {
        DescriptorControl control = default;
        fixed (byte* first = buffer)
        {
            var vector = new IoVector { Base = first, Length = (nuint)buffer.Length };
            var message = new MessageHeader
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = &control,
                ControlLength = (nuint)sizeof(DescriptorControl),
            };
            nint received;
            do
            {
                received = LibC.ReceiveMessage(socket.SafeHandle, ref message, LibC.MessageDontWait | LibC.MessageCloseOnExec);
            }
            while (received < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted);

            if (received < 0) throw PosixException.FromLastCall("recvmsg");
            descriptors = Take(message, control);
            if ((message.Flags & LibC.MessageControlTruncated) == 0) return (int)received;
            foreach (var descriptor in descriptors) descriptor.Dispose();
            throw new IOException($"More than {DescriptorControl.MaxDescriptors} descriptors came with a message.");
        }
    }

    private static void Send(Socket socket, in MessageHeader message, int length)
    {
        nint sent;
        do
        {
            sent = LibC.SendMessage(socket.SafeHandle, message, LibC.MessageDontWait | LibC.MessageNoSignal);
        }
        while (sent < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted);

        if (sent < 0) throw PosixException.FromLastCall("sendmsg");
        if (sent != length) throw new IOException($"Only {sent} of {length} bytes could be sent: the peer does not read.");
    }

    private static SafeFileHandle[] Take(in MessageHeader message, in DescriptorControl control)
    {
        if (message.ControlLength < DescriptorControl.HeaderBytes) return [];
        if (control.Level != LibC.SocketLevel || control.Type != LibC.Rights) return [];
        var descriptors = new SafeFileHandle[((int)control.Length - DescriptorControl.HeaderBytes) / sizeof(int)];
        for (var i = 0; i < descriptors.Length; i++) descriptors[i] = new SafeFileHandle(control.Descriptors[i], ownsHandle: true);
        return descriptors;
    }

    /// <summary>CMSG_ALIGN: headers begin at multiples of a word.</summary>
    private static nuint Aligned(nuint length) => (length + (nuint)sizeof(nuint) - 1) & ~((nuint)sizeof(nuint) - 1);
}
