using System.Net.Sockets;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Options;

namespace PrefixCache.IntegrationTests.Options;

public sealed class UnixSocketTests
{
    [Fact]
    public async Task Socket_IsTheOwnersAlone_AndServes()
    {
        using var folder = new TemporaryFolder();
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { Socket = folder.Path("n.sock"), Listen = [] });
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(folder.Path("n.sock")));
        Assert.Equal("unix://" + folder.Path("n.sock"), node.Address);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(TestKv.Layout());
        await using var lookup = await client.LookupAsync(TestKv.Layout(), TestKv.Tokens(40));
        Assert.True(lookup.IsLive);
    }

    [Fact]
    public async Task Socket_LeftBehindByADeadNode_IsTakenOver()
    {
        using var folder = new TemporaryFolder();
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(folder.Path("n.sock")));
            dead.Listen();
        }

        // Closing a socket object unlinks its file; a dead process does not.
        using var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        left.Bind(new UnixDomainSocketEndPoint(folder.Path("n.sock")));
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { Socket = folder.Path("n.sock") });
        var client = await node.ConnectAsync(options => options with { Address = node.Node.Addresses[1] });
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task Socket_OfALiveNode_IsRefusedAndGoesOnServing()
    {
        using var folder = new TemporaryFolder();
        var options = RunningNode.Options() with { Socket = folder.Path("n.sock") };
        await using var node = await RunningNode.StartAsync(options);
        var exception = await Assert.ThrowsAsync<IOException>(() => RunningNode.StartAsync(options));
        Assert.Contains($"another process serves on {folder.Path("n.sock")}: stop it, or choose another path", exception.Message,
            StringComparison.Ordinal);
        var client = await node.ConnectAsync(change => change with { Address = node.Node.Addresses[1] });
        Assert.True(client.IsConnected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("precious")]
    public async Task Socket_OverAnOrdinaryFile_IsRefusedAndTheFileStays(string text)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("n.sock", text);
        var exception = await Assert.ThrowsAsync<IOException>(() => RunningNode.StartAsync(RunningNode.Options() with { Socket = path }));
        Assert.Contains("is no socket", exception.Message, StringComparison.Ordinal);
        Assert.Equal(text, await System.IO.File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task Socket_InAFolderThatIsMissing_SaysSo()
    {
        var exception = await Assert.ThrowsAsync<NodeOptionsException>(() =>
            RunningNode.StartAsync(RunningNode.Options() with { Socket = "/nowhere/n.sock" }));
        Assert.Equal(["socket: the folder /nowhere does not exist: make it, or choose another path"], exception.Faults);
    }
}
