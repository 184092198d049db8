using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.UnitTests.Replay;

public class TraceFileTests
{
    private const string Mooncake = """
        {"timestamp": 0, "input_length": 700, "output_length": 5, "hash_ids": [46, 47]}

        {"timestamp": 27.5, "input_length": 1024, "output_length": 7, "hash_ids": [46, 99]}
        """;

    private const string Tokens = """
        {"tokens": [7, 7, 4294967295], "output": [8, 9], "timestamp": 3, "salt": "a"}
        {"tokens": [7, 7], "output_tokens": 12, "namespace": "b", "ignored": {"x": [1]}}
        """;

    private const string Record = """
        {"prefixcache_record":1,"incarnation":"one","timestamp":5}
        {"timestamp":6,"namespace":"00000000000000aa","chunk_tokens":16,"tokens":20,"hit_tokens":16,"chunks":["000000000000000a","000000000000000b"]}
        {"timestamp":6,"namespace":"00000000000000aa","chunk_tokens":16,"tokens":20,"hit_tokens":16,"repeat":true,"chunks":["000000000000000a","000000000000000b"]}
        {"dropped":3}
        {"timestamp":7,"namespace":"00000000000000ab","chunk_tokens":16,"tokens":16,"hit_tokens":0,"chunks":["000000000000000a"]}
        """;

    [Theory]
    [InlineData(".jsonl")]
    [InlineData(".jsonl.gz")]
    public void Load_Mooncake_NumbersBlocksAndFindsTheirSize(string extension)
    {
        var trace = TraceText.Load(Mooncake, extension: extension);
        Assert.Equal((TraceFormat.Mooncake, 2, 1724L, 512), (trace.Format, trace.Requests, trace.PromptTokens, trace.BlockTokens));
        Assert.Equal([0u, 1u], trace.Prompt(0).ToArray());
        Assert.Equal([0u, 2u], trace.Prompt(1).ToArray());
        Assert.Equal((27L, 1024, 7), (trace[1].TimestampMs, trace[1].PromptTokens, trace[1].OutputTokens));
    }

    [Fact]
    public void Load_MooncakeOfSmallBlocks_FindsTheirSize() => Assert.Equal(16, TraceText.Load("""
        {"input_length": 33, "hash_ids": [1, 2, 3]}
        {"input_length": 160, "hash_ids": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
        """).BlockTokens);

    [Fact]
    public void Load_Tokens_KeepsThemAndTheirNamespaces()
    {
        var trace = TraceText.Load(Tokens);
        Assert.Equal((TraceFormat.Tokens, 2, 5L, 2, true), (trace.Format, trace.Requests, trace.PromptTokens, trace.Namespaces, trace.HasTokens));
        Assert.Equal([7u, 7u, uint.MaxValue], trace.Prompt(0).ToArray());
        Assert.Equal([7u, 7u, uint.MaxValue, 8u, 9u], trace.Whole(0).ToArray());
        Assert.Equal((0, 1, 12), (trace[0].Namespace, trace[1].Namespace, trace[1].OutputTokens));
        Assert.Equal(2, trace.Whole(1).Length);
    }

    [Fact]
    public void Load_Record_LeavesRepeatsOutAndCountsWhatIsMissing()
    {
        var trace = TraceText.Load(Record);
        Assert.Equal((TraceFormat.Record, 2, 2, 3L, 1, 16L, 16),
            (trace.Format, trace.Requests, trace.Namespaces, trace.Dropped, trace.Skipped, trace.RecordedHitTokens, trace.BlockTokens));
        Assert.Equal(2, trace.Prompt(0).Length);
        Assert.NotEqual(trace.Prompt(0)[0], trace.Prompt(1)[0]);
    }

    [Fact]
    public void Load_RecordOfANodeThatWasKilled_LeavesTheCutLineOut()
    {
        var trace = TraceText.Load(Record + "\n{\"timestamp\":8,\"namespa\n\n" + Record + "\n{\"timest");
        Assert.Equal((4, 4), (trace.Requests, trace.Skipped));
    }

    [Fact]
    public void Load_WithALimit_ReadsNoMore() => Assert.Equal(1, TraceText.Load(Mooncake + "\nno json", limit: 1).Requests);

    [Theory]
    [InlineData("{\"a\": 1, \"b\": 2}", ":1: the format is not known: it has a, b; one of hash_ids (mooncake)")]
    [InlineData("[1, 2]", ":1: the line is no JSON object")]
    [InlineData("", ": there is no request in it.")]
    [InlineData(Mooncake + "\n{\"hash_ids\": [1", ":4: this is no JSON (byte ")]
    [InlineData(Mooncake + "\n{\"hash_ids\": [1]}\n", ":4: input_length is missing")]
    [InlineData(Mooncake + "\n{\"input_length\": 12}", ":4: hash_ids is missing")]
    [InlineData(Mooncake + "\n{\"input_length\": -1, \"hash_ids\": [1]}", ":4: input_length is -1: a whole number from 1 to")]
    [InlineData(Mooncake + "\n{\"input_length\": 12, \"hash_ids\": [\"x\"]}", ":4: an id in hash_ids is 'x'")]
    [InlineData(Mooncake + "\n{\"input_length\": 4000, \"hash_ids\": [1]}", ":4: 1 hash_ids do not go with an input_length of 4000")]
    [InlineData("{\"tokens\": [1]}\n{\"tokens\": [-1]}", ":2: a token in tokens is -1")]
    [InlineData("{\"tokens\": [1]}\n{\"tokens\": []}", ":2: tokens is empty")]
    [InlineData("{\"tokens\": [1]}\n{\"salt\": 4, \"tokens\": [1]}", ":2: salt is 4: a string is needed")]
    [InlineData(Record + "\n{\"chunks\":[\"zz\"]}\n{\"dropped\":1}", ":6: a chunk is 'zz': 16 hexadecimal digits are needed")]
    [InlineData(Record + "\n{\"tokens\":40,\"chunk_tokens\":16,\"chunks\":[]}\n{\"dropped\":1}", ":6: 0 chunks, but 40 tokens are 3 of 16")]
    [InlineData("{\"prefixcache_record\":9}\n{\"dropped\":1}", ":1: the record has version 9")]
    public void Load_Faulty_NamesLineAndFault(string text, string fault) =>
        Assert.StartsWith(fault, TraceText.Fault(text), StringComparison.Ordinal);

    [Fact]
    public void Load_UnderAnotherFormat_SaysWhatIsMissing() =>
        Assert.StartsWith(":1: tokens is missing", TraceText.Fault(Mooncake, TraceFormat.Tokens), StringComparison.Ordinal);

    [Fact]
    public void Load_OfNoFile_SaysSo() => Assert.Equal(
        "/no/such/trace: there is no such file.",
        Assert.Throws<TraceException>(() => TraceFile.Load("/no/such/trace", null, 1, null, TestContext.Current.CancellationToken)).Message);

    [Fact]
    public void Chunks_LargerThanTheBlocks_AreNamedByTheirLastBlock()
    {
        var trace = TraceText.Load("""{"input_length": 2500, "hash_ids": [10, 11, 12, 13, 14]}""");
        var (all, full) = (ChunkedTrace.Of(trace, ReplayMode.All, 1024), ChunkedTrace.Of(trace, ReplayMode.Full, 1024));
        Assert.Equal([1u, 3u, 4u], all.Lookup(0).ToArray());
        Assert.Equal([1u, 3u], full.Lookup(0).ToArray());
        Assert.Equal((1024, 2500, 452), (all.TokensOf(0, 1), all.TokensOf(0, 3), all.StoredTokens(0, 2)));
        Assert.Contains("give a multiple of 512", Assert.Throws<TraceException>(() => ChunkedTrace.Of(trace, ReplayMode.All, 768)).Message,
            StringComparison.Ordinal);
    }
}
