using PrefixCache.Core.Planning;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Format.Layouts;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Serving.Prompts;
using PrefixCache.Samples.Serving.Stores;
using PrefixCache.SampleTests.Reference;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.SampleTests.Serving;

public class NodePrefixStoreTests
{
    private const int ChunkTokens = 16, Shared = 100, Output = 12, Capacity = 220;

    private static readonly LlamaConfig Config = TinyModels.Wide with { TieWordEmbeddings = false };

    private static readonly PrefixCacheNodeOptions NodeOptions = new()
    {
        Listen = ["127.0.0.1:0"],
        Host = new HostTierOptions { CapacityBytes = 64L << 20 },
        // A model this small may compute faster than anything loads.
        LoadMode = LoadMode.Always,
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WorkAsync_TwoWorkersOnOneNode_SecondReusesWhatTheFirstStored()
    {
        await using PrefixCacheNode node = await PrefixCacheNode.StartAsync(NodeOptions);
        await using NodePrefixStore oneStore = await ConnectAsync(node), twoStore = await ConnectAsync(node);
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker plain = new(model, new NoPrefixStore(), Capacity);
        using PromptWorker one = new(model, oneStore, Capacity), two = new(model, twoStore, Capacity);
        for (int note = 0; note < 6; note++)
        {
            int[] prompt = [.. TinyModels.Tokens(Shared, 200), note, .. TinyModels.Tokens(20 + 15 * note, 200, seed: 100 + note)];
            PromptResult expected = await plain.WorkAsync(new PromptRequest(prompt, Output), Cancellation);
            PromptResult actual = await (note % 2 == 0 ? one : two).WorkAsync(new PromptRequest(prompt, Output), Cancellation);
            Assert.Equal(expected.OutputTokens, actual.OutputTokens);
            // Whole chunks at least; a node that matches by token may give the whole shared part.
            Assert.InRange(actual.ReusedTokens, note == 0 ? 0 : Shared / ChunkTokens * ChunkTokens, note == 0 ? 0 : Shared);
        }
    }

    [Fact]
    public async Task WorkAsync_PromptKnownWhole_LeavesTheLastTokenToTheWorker()
    {
        await using PrefixCacheNode node = await PrefixCacheNode.StartAsync(NodeOptions);
        await using NodePrefixStore store = await ConnectAsync(node);
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker worker = new(model, store, Capacity);
        int[] prompt = TinyModels.Tokens(4 * ChunkTokens, 200);
        PromptResult first = await worker.WorkAsync(new PromptRequest(prompt, Output), Cancellation);
        PromptResult second = await worker.WorkAsync(new PromptRequest(prompt, Output), Cancellation);
        Assert.Equal(first.OutputTokens, second.OutputTokens);
        Assert.Equal(prompt.Length - 1, second.ReusedTokens);
    }

    [Fact]
    public async Task WorkAsync_AnswerKept_AnotherWorkerReusesPromptAndAnswer()
    {
        await using PrefixCacheNode node = await PrefixCacheNode.StartAsync(NodeOptions);
        await using NodePrefixStore oneStore = await ConnectAsync(node), twoStore = await ConnectAsync(node);
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker plain = new(model, new NoPrefixStore(), Capacity);
        using PromptWorker one = new(model, oneStore, Capacity), two = new(model, twoStore, Capacity);
        const int Answer = 3 * ChunkTokens;
        int[] prompt = TinyModels.Tokens(Shared, 200);
        PromptResult answer = await one.WorkAsync(new PromptRequest(prompt, Answer) { KeepAnswer = true }, Cancellation);
        PromptRequest next = new([.. prompt, .. answer.OutputTokens, 7, 8, 9], Output) { KeepAnswer = true };
        PromptResult expected = await plain.WorkAsync(next, Cancellation);
        PromptResult actual = await two.WorkAsync(next, Cancellation);
        Assert.Equal(expected.OutputTokens, actual.OutputTokens);
        int known = Shared + Answer - 1;
        Assert.InRange(actual.ReusedTokens, known / ChunkTokens * ChunkTokens, known);
    }

    [Fact]
    public async Task WorkAsync_AnotherSalt_ReusesNothing()
    {
        await using PrefixCacheNode node = await PrefixCacheNode.StartAsync(NodeOptions);
        await using NodePrefixStore store = await ConnectAsync(node);
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker worker = new(model, store, Capacity);
        PromptRequest request = new(TinyModels.Tokens(Shared, 200), Output) { Salt = "one" };
        await worker.WorkAsync(request, Cancellation);
        PromptResult other = await worker.WorkAsync(request with { Salt = "two" }, Cancellation);
        PromptResult same = await worker.WorkAsync(request, Cancellation);
        Assert.Equal((0, Shared - 1), (other.ReusedTokens, same.ReusedTokens));
    }

    [Fact]
    public async Task WorkAsync_NodeGone_ComputesEverything()
    {
        PrefixCacheNode node = await PrefixCacheNode.StartAsync(NodeOptions with { DrainGrace = TimeSpan.Zero });
        await using NodePrefixStore store = await ConnectAsync(node);
        using LlamaModel model = LlamaModel.FromSeed(Config, 31);
        using PromptWorker worker = new(model, store, Capacity);
        int[] prompt = TinyModels.Tokens(Shared, 200);
        PromptResult before = await worker.WorkAsync(new PromptRequest(prompt, Output), Cancellation);
        await node.DisposeAsync();
        PromptResult after = await worker.WorkAsync(new PromptRequest(prompt, Output), Cancellation);
        Assert.Equal(0, after.ReusedTokens);
        Assert.Equal(before.OutputTokens, after.OutputTokens);
    }

    [Fact]
    public async Task ConnectAsync_NobodyListens_SaysWhere()
    {
        PrefixCacheNode node = await PrefixCacheNode.StartAsync(NodeOptions);
        string address = node.Address;
        await node.DisposeAsync();
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => NodePrefixStore.ConnectAsync(address, "", Layout(), cancellation: Cancellation));
        Assert.Contains(address, error.Message, StringComparison.Ordinal);
    }

    private static KvLayout Layout() =>
        KvLayout.Uniform("tiny", "31", KvType.BFloat16, Config.Layers, Config.KvHeads, Config.HeadDim, ChunkTokens);

    private static Task<NodePrefixStore> ConnectAsync(PrefixCacheNode node) =>
        NodePrefixStore.ConnectAsync(node.Address, "", Layout(), cancellation: Cancellation);
}
