using System.Net.Sockets;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Local;

public sealed class ArenaSocketAddressTests
{
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybodys = Owners | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    [Fact]
    public async Task Address_NoPath_IsANameOfTheNodesOwn()
    {
        await using var node = new SharingNode();
        await using var other = new SharingNode();

        Assert.Equal($"@prefixcache-{node.Cache.Incarnation:N}", node.Socket.Address);
        Assert.NotEqual(other.Socket.Address, node.Socket.Address);
    }

    [Theory]
    [InlineData(Owners)]
    [InlineData(Everybodys, 1234u)]
    public async Task Address_Path_IsAsOpenAsItsUsersNeed(UnixFileMode mode, params uint[] users)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Path("a.sock");
        await using (var node = new SharingNode(path, users))
        {
            Assert.Equal(path, node.Socket.Address);
            Assert.Equal(mode, System.IO.File.GetUnixFileMode(path));
            await using var worker = node.StartWorker();
            Assert.StartsWith("granted 1", await worker.TakeAsync(node.OpenSession()), StringComparison.Ordinal);
        }

        Assert.False(System.IO.File.Exists(path));
    }

    [Fact]
    public async Task Address_LeftBehindByADeadNode_IsTakenOver()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Path("a.sock");
        // Bound, and nobody listens: what a killed process leaves.
        using var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        left.Bind(new UnixDomainSocketEndPoint(path));

        await using var node = new SharingNode(path);
        await using var worker = node.StartWorker();

        Assert.StartsWith("granted 1", await worker.TakeAsync(node.OpenSession()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_OfALivingNode_IsRefusedAndGoesOnServing()
    {
        using var folder = new TemporaryFolder();
        await using var node = new SharingNode(folder.Path("a.sock"));

        var exception = Assert.Throws<IOException>(() => new SharingNode(folder.Path("a.sock")));

        Assert.Contains("shared-memory-socket: another process serves on", exception.Message, StringComparison.Ordinal);
        await using var worker = node.StartWorker();
        Assert.StartsWith("granted 1", await worker.TakeAsync(node.OpenSession()), StringComparison.Ordinal);
    }
}
