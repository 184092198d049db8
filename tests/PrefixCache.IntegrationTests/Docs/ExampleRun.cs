using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using KvType = PrefixCache.Format.Layouts.KvType;

namespace PrefixCache.IntegrationTests.Docs;

/// <summary>The example of docs/shared-memory.md, done: two blocks are stored, and what a reader finds in both memories.</summary>
/// <param name="Header">The first 64 bytes of the control region.</param>
/// <param name="Entry">The second block's entry.</param>
/// <param name="Payload">The second block, as the arena holds it.</param>
internal sealed record ExampleRun(byte[] Header, byte[] Entry, byte[] Payload, ShardExtents Extents)
{
    public const int Tokens = 32;

    public static KvLayout Layout { get; } =
        KvLayout.Uniform("page", "1", KvType.BFloat16, layers: 1, kvHeads: 2, headDimension: 64, chunkTokens: 16);

    public static async Task<ExampleRun> DoAsync(CancellationToken cancellationToken)
    {
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(Layout, cancellationToken);
        int[] tokens = [.. Enumerable.Range(0, Tokens)];
        await using (var cold = await client.LookupAsync(Layout, tokens, null, cancellationToken))
        {
            var memory = new ContiguousKvMemory(Kv(Tokens), Layout.Shapes[0], Tokens);
            Assert.Equal(2, (await cold.StoreAsync(memory, null, cancellationToken)).Committed);
        }

        await using var reader = await RawSession.OpenAsync(node.Address);
        var (control, payload) = await AttachAsync(reader.Opened, cancellationToken);
        using (control)
        using (payload)
        {
            var answer = await reader.LookupAsync(
                Google.Protobuf.ByteString.CopyFrom(Layout.Id.ToArray()), tokens, request => request.ExtentShards.Add(0));
            var extents = Assert.Single(answer.Extents);
            var entry = ControlRegionLayout.EntryOffset((int)extents.Entries[1]);
            return new ExampleRun(
                Read(control, 0, 64), Read(control, entry, ControlRegionLayout.EntrySize),
                Read(payload, (long)extents.Offsets[1], Kv(16).Length), extents);
        }
    }

    /// <summary>Every byte of K is 0x11, every byte of V 0x22.</summary>
    public static byte[] Kv(int tokens)
    {
        var memory = new byte[Layout.Shapes[0].PayloadBytes(tokens)];
        memory.AsSpan(0, memory.Length / 2).Fill(0x11);
        memory.AsSpan(memory.Length / 2).Fill(0x22);
        return memory;
    }

    private static async Task<(SafeFileHandle Control, SafeFileHandle Payload)> AttachAsync(
        SessionOpened opened, CancellationToken cancellationToken)
    {
        using var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await connection.ConnectAsync(
            new UnixDomainSocketEndPoint("\0" + opened.SharedMemory.Socket[1..]), cancellationToken);
        await connection.SendAsync(ArenaHandover.Request(opened.Session.Span), SocketFlags.None, cancellationToken);
        await connection.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
        DescriptorSocket.Receive(connection, new byte[ArenaHandover.ReplyBytes], out var descriptors);
        Assert.Equal(2, descriptors.Length);
        return (descriptors[0], descriptors[1]);
    }

    private static byte[] Read(SafeFileHandle file, long offset, int length)
    {
        var bytes = new byte[length];
        Assert.Equal(length, RandomAccess.Read(file, bytes, offset));
        return bytes;
    }
}
