using PrefixCache.Core.Native.Posix;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.Server.Local;

namespace PrefixCache.IntegrationTests.Local;

public sealed class WorkerProcessTableTests
{
    [Fact]
    public async Task Find_SameProcessAgain_IsTheSameObject()
    {
        await using var node = new SharingNode();
        using var table = new WorkerProcessTable(node.Cache);
        await using var first = node.StartWorker();
        await using var second = node.StartWorker();

        var known = table.Find(ProcessHandle.Open(first.Id));

        Assert.Same(known, table.Find(ProcessHandle.Open(first.Id)));
        Assert.NotSame(known, table.Find(ProcessHandle.Open(second.Id)));
        Assert.Equal(first.Id, known.Id);
    }

    [Fact]
    public async Task Find_ProcessKilled_CanAttachNoMore()
    {
        await using var node = new SharingNode();
        using var table = new WorkerProcessTable(node.Cache);
        await using var worker = node.StartWorker();
        var process = table.Find(ProcessHandle.Open(worker.Id));
        var session = node.Open();
        Assert.True(node.Cache.Sharing.Attach(session, process).Succeeded(out _, out _));

        worker.Kill();

        await Until.TrueAsync(() => !node.Cache.Sharing.Attach(session, process).Succeeded(out _, out _),
            () => "The node does not notice that the process is dead");
    }
}
