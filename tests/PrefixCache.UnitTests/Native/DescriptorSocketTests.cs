using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.UnitTests.Native;

public unsafe class DescriptorSocketTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Send_Descriptors_ComeInOrderAndNameTheSameMemory(int count)
    {
        using SocketPair pair = new();
        MemoryFile[] files = [.. Enumerable.Range(0, count).Select(_ => MemoryFile.Create("test", 4_096))];
        for (int i = 0; i < count; i++) files[i].Pointer[0] = (byte)(10 + i);

        DescriptorSocket.Send(pair.Near, [7, 8, 9], [.. files.Select(file => file.Handle)]);

        byte[] buffer = new byte[8];
        Assert.Equal(3, DescriptorSocket.Receive(pair.Far, buffer, out SafeFileHandle[] descriptors));
        Assert.Equal([7, 8, 9, 0, 0, 0, 0, 0], buffer);
        Assert.Equal(count, descriptors.Length);
        for (int i = 0; i < count; i++)
        {
            using (descriptors[i])
            {
                Assert.NotEqual(files[i].Handle.DangerousGetHandle(), descriptors[i].DangerousGetHandle());
                using MemoryMapping mapping = MemoryMapping.Map(descriptors[i], 4_096, writable: false);
                Assert.Equal(10 + i, mapping.Pointer[0]);
                Assert.True(IsClosedOnExec(descriptors[i]));
            }

            files[i].Dispose();
        }
    }

    [Fact]
    public void Receive_BytesWithoutDescriptors_GivesNone()
    {
        using SocketPair pair = new();
        pair.Near.Send([1, 2]);

        Assert.Equal(2, DescriptorSocket.Receive(pair.Far, new byte[2], out SafeFileHandle[] descriptors));
        Assert.Empty(descriptors);
    }

    [Fact]
    public void Receive_PeerHasClosed_IsZero()
    {
        using SocketPair pair = new();
        pair.Near.Dispose();

        Assert.Equal(0, DescriptorSocket.Receive(pair.Far, new byte[2], out _));
    }

    [Fact]
    public void Receive_NothingThere_DoesNotWait()
    {
        using SocketPair pair = new();

        PosixException e = Assert.Throws<PosixException>(() => DescriptorSocket.Receive(pair.Far, new byte[2], out _));

        Assert.Equal(Errno.TryAgain, e.Errno);
    }

    [Fact]
    public void Send_PeerHasClosed_ThrowsAndTheProcessLives()
    {
        using SocketPair pair = new();
        using MemoryFile file = MemoryFile.Create("test", 4_096);
        pair.Far.Dispose();

        PosixException e = Assert.Throws<PosixException>(() => DescriptorSocket.Send(pair.Near, [1], [file.Handle]));

        Assert.Equal("sendmsg", e.Call);
        Assert.False(file.Handle.IsClosed);
    }

    [Fact]
    public void Send_PeerDoesNotRead_DoesNotWait()
    {
        using SocketPair pair = new();
        using MemoryFile file = MemoryFile.Create("test", 4_096);
        pair.Near.Blocking = false;
        Assert.Equal(SocketError.WouldBlock, Fill(pair.Near));

        PosixException e = Assert.Throws<PosixException>(() => DescriptorSocket.Send(pair.Near, [1], [file.Handle]));

        Assert.Equal(Errno.TryAgain, e.Errno);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 5)]
    public void Send_WrongCounts_Throws(int bytes, int count)
    {
        using SocketPair pair = new();
        using MemoryFile file = MemoryFile.Create("test", 4_096);

        Assert.Throws<ArgumentOutOfRangeException>(
            () => DescriptorSocket.Send(pair.Near, new byte[bytes], [.. Enumerable.Repeat(file.Handle, count)]));
    }

    [Fact]
    public void Send_DescriptorClosed_ThrowsAndReleasesTheOthers()
    {
        using SocketPair pair = new();
        string name = $"held-{Guid.NewGuid():N}";
        MemoryFile file = MemoryFile.Create(name, 4_096);
        MemoryFile closed = MemoryFile.Create("test", 4_096);
        closed.Dispose();

        Assert.Throws<ObjectDisposedException>(() => DescriptorSocket.Send(pair.Near, [1], [file.Handle, closed.Handle]));

        // A handle that somebody still holds stays open after its owner has disposed it.
        string link = $"/proc/self/fd/{file.Handle.DangerousGetHandle()}";
        Assert.Contains(name, new FileInfo(link).LinkTarget, StringComparison.Ordinal);
        file.Dispose();
        Assert.DoesNotContain(name, new FileInfo(link).LinkTarget ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void OfPeer_ThisProcess_IsItself()
    {
        using SocketPair pair = new();

        PeerCredentials peer = PeerCredentials.Of(pair.Far.SafeHandle);
        using ProcessHandle handle = ProcessHandle.OfPeer(pair.Far.SafeHandle, peer.Process);

        Assert.Equal(Environment.ProcessId, peer.Process);
        Assert.Equal(PosixUser.Current, peer.User);
        Assert.Equal(Environment.ProcessId, handle.Id);
        Assert.False(handle.IsDead);
    }

    private static SocketError Fill(Socket socket)
    {
        byte[] bytes = new byte[65_536];
        SocketError error;
        do
        {
            _ = socket.Send(bytes, 0, bytes.Length, SocketFlags.None, out error);
        }
        while (error == SocketError.Success);

        return error;
    }

    private static bool IsClosedOnExec(SafeFileHandle handle)
    {
        // flags:	02100002, octal, with O_CLOEXEC = 02000000
        string flags = File.ReadLines($"/proc/self/fdinfo/{handle.DangerousGetHandle()}")
            .First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt64(flags.Split('\t')[1], 8) & Convert.ToInt64("2000000", 8)) != 0;
    }
}
