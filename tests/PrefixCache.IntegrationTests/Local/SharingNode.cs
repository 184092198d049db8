using PrefixCache.Core;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Local;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Local;

/// <summary>A node's memory and the socket that hands it out, without the rest of a node.</summary>
internal sealed class SharingNode : IAsyncDisposable
{
    public SharingNode(string socket = "", params uint[] users)
    {
        Cache = new CacheNode(new CacheNodeOptions { Host = new HostTierOptions { CapacityBytes = 1 << 20, LockPages = false } });
        try
        {
            Socket = new ArenaSocket(Cache, new SharedMemoryOptions { Socket = socket, Users = users }, Clock, Log);
        }
        catch
        {
            Cache.Dispose();
            throw;
        }
    }

    public HandClock Clock { get; } = new();

    public MessageLog Log { get; } = new();

    public CacheNode Cache { get; }

    public ArenaSocket Socket { get; }

    public Arena Arena => Cache.Sharing.ArenaOf("default")!;

    public byte[] OpenSession(bool isReadOnly = false) => Open(isReadOnly).Id.ToArray();

    public Session Open(bool isReadOnly = false)
    {
        Assert.True(Cache.Sessions.Open(new SessionRequest("default", $"engine-{Guid.NewGuid():N}", SessionRole.Scheduler,
            IsReadOnly: isReadOnly)).Succeeded(out var session, out var error), error?.Message);
        return session;
    }

    public ForeignWorker StartWorker() => ForeignWorker.Start(Socket.Address);

    /// <summary>Descriptors of this process that name a file.</summary>
    public static int OpenDescriptors(string name) => Directory.EnumerateFileSystemEntries("/proc/self/fd")
        .Count(path => new FileInfo(path).LinkTarget?.Contains(name, StringComparison.Ordinal) ?? false);

    /// <summary>Tests of other users need root, who alone can become one.</summary>
    public static bool CanBecomeAnother => PosixUser.Current == 0;

    public async ValueTask DisposeAsync()
    {
        await Socket.DisposeAsync();
        Cache.Dispose();
    }
}
