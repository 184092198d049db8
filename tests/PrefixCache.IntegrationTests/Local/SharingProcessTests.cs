using PrefixCache.Format.SharedMemory;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Local;

/// <summary>The node as a process of its own, and what the system shows of it.</summary>
public sealed class SharingProcessTests
{
    private const string Unshare = "/usr/bin/unshare";

    [Fact]
    public async Task Handshakes_OfEveryKind_LeaveNoDescriptorBehind()
    {
        await using var node = await ServeProcess.StartAsync();
        await using var session = await RawSession.OpenAsync(node.Address);
        await using var reader = await RawSession.OpenAsync(node.Address, request => request.ReadOnly = true);
        var socket = session.Opened.SharedMemory.Socket;
        // What the runtime opens with the first of each kind stays open.
        await HandshakesAsync(socket, session, reader, 1);
        var before = await SettledAsync(node.Id);

        await HandshakesAsync(socket, session, reader, 30);

        await Until.TrueAsync(() => Descriptors(node.Id) <= before, () => $"{Descriptors(node.Id)} descriptors are open, {before} were");
    }

    [Fact]
    public async Task Take_NodeInAPidNamespaceOfItsOwn_IsRefusedWithTheReason()
    {
        Assert.True(System.IO.File.Exists(Unshare), $"{Unshare} is missing: install the Debian package util-linux.");
        if (!SharingNode.CanBecomeAnother)
        {
            await using var refused = ChildProcess.StartProgram(Unshare, ["--pid", "--fork", "/bin/true"]);
            Assert.NotEqual(0, await refused.WaitForExitAsync());
            return;
        }

        await using var node = ChildProcess.StartProgram(Unshare,
        [
            "--pid", "--fork", "--kill-child", "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "prefixcache.dll"), "serve",
            "--capacity", "64MiB", "--lock-pages", "false", "--listen", "127.0.0.1:0",
        ]);
        string? line;
        do
        {
            line = await node.ReadLineAsync();
            Assert.True(line is not null, node.Errors);
        }
        while (!line.StartsWith("ready ", StringComparison.Ordinal));
        await using var session = await RawSession.OpenAsync(line["ready ".Length..]);
        await using var worker = ForeignWorker.Start(session.Opened.SharedMemory.Socket);

        var answer = await worker.TakeAsync(session.Id.Span);

        Assert.StartsWith("refused The node does not see this process, which is not in its PID namespace", answer, StringComparison.Ordinal);
    }

    private static async Task HandshakesAsync(string socket, RawSession session, RawSession reader, int count)
    {
        var request = Convert.ToHexString(ArenaHandover.Request(session.Id.Span));
        await using var worker = ForeignWorker.Start(socket);
        for (var i = 0; i < count; i++)
        {
            Assert.StartsWith("granted 1", await worker.TakeAsync(session.Id.Span), StringComparison.Ordinal);
            Assert.StartsWith("granted 0", await worker.TakeAsync(reader.Id.Span), StringComparison.Ordinal);
            Assert.StartsWith("refused", await worker.TakeAsync(new byte[16]), StringComparison.Ordinal);
            Assert.StartsWith("refused", await worker.DoAsync("ask " + new string('4', 80)), StringComparison.Ordinal);
            Assert.StartsWith("granted 1", await worker.DoAsync($"ask {request} 0 1 2"), StringComparison.Ordinal);
            await worker.DoAsync("begin 5046584152454E41");
        }
    }

    /// <summary>The number once the node has noticed that the last worker is dead: equal in two looks.</summary>
    private static async Task<int> SettledAsync(int process)
    {
        var last = -1;
        await Until.TrueAsync(() =>
        {
            var now = Descriptors(process);
            (var same, last) = (now == last, now);
            return same;
        }, () => "The node's descriptors never settle");
        return last;
    }

    private static int Descriptors(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count();
}
