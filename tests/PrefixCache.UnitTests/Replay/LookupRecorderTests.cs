using Microsoft.Extensions.Logging.Abstractions;
using PrefixCache.Core.Replay.Recording;
using PrefixCache.Core.Replay.Traces;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;

namespace PrefixCache.UnitTests.Replay;

public sealed class LookupRecorderTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"prefixcache-{Guid.NewGuid():n}.jsonl");

    [Fact]
    public async Task Record_MoreThanMayWait_IsDroppedAndCounted()
    {
        using var node = new TestNode();
        var query = new LookupQuery(node.Scheduler(), "a", node.Layout, "", "", 0, 0);
        await using (var recorder = new LookupRecorder(_path, Guid.NewGuid(), NullLogger.Instance))
        {
            using var large = new TokenBuffer(5 << 20);
            using var small = TokenList.Buffer(TokenList.Count(20));
            recorder.Record(query, small, new LookupAnswer(2, small.Count, 16, 16, IsNew: true));
            recorder.Record(query, large, new LookupAnswer(1, large.Count, 0, 16, IsNew: true));
            Assert.Equal(1, recorder.Dropped);
        }

        var trace = TraceFile.Load(_path, null, int.MaxValue, null, TestContext.Current.CancellationToken);
        Assert.Equal((1, 20L, 16L, 1L), (trace.Requests, trace.PromptTokens, trace.RecordedHitTokens, trace.Dropped));
    }

    [Fact]
    public async Task Record_AfterTheEnd_IsDropped()
    {
        using var node = new TestNode();
        var recorder = new LookupRecorder(_path, Guid.NewGuid(), NullLogger.Instance);
        await recorder.DisposeAsync();
        await recorder.DisposeAsync();
        using var tokens = TokenList.Buffer(TokenList.Count(20));
        recorder.Record(new LookupQuery(node.Scheduler(), "a", node.Layout, "", "", 0, 0), tokens, new LookupAnswer(1, 20, 0, 16));
        Assert.Equal(1, recorder.Dropped);
    }

    [Fact]
    public async Task Record_OfItems_TellsThemApart()
    {
        using var node = new TestNode();
        var query = new LookupQuery(node.Scheduler(), "a", node.Layout, "", "", 0, 0);
        await using (var recorder = new LookupRecorder(_path, Guid.NewGuid(), NullLogger.Instance))
        {
            foreach (byte digest in new byte[] { 1, 2, 1 })
            {
                using var tokens = new TokenBuffer(16, [new MultimodalItem(3, [digest])]);
                tokens.Memory.Span.Clear();
                recorder.Record(query, tokens, new LookupAnswer(1, 16, 0, 16, IsNew: true));
            }
        }

        var trace = TraceFile.Load(_path, null, int.MaxValue, null, TestContext.Current.CancellationToken);
        Assert.Equal([0u, 1u, 0u], Enumerable.Range(0, 3).Select(request => trace.Prompt(request)[0]));
    }

    [Theory]
    [InlineData("/dev/null", "is a device")]
    [InlineData("/no/such/folder/lookups.jsonl", "/no/such/folder")]
    public void Open_WhereNoFileCanBe_SaysSo(string path, string fault) => Assert.Contains(
        fault, Assert.ThrowsAny<IOException>(() => new LookupRecorder(path, Guid.NewGuid(), NullLogger.Instance)).Message,
        StringComparison.Ordinal);

    public void Dispose() => File.Delete(_path);
}
