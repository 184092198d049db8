using Google.Protobuf;
using PrefixCache.Client;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>
/// Fills a node's arena with prompts of its own, verifies every byte that it loads, and knows where in the arena they were put.
/// </summary>
/// <remarks>Holds no reservation between calls. Its client goes with the node.</remarks>
internal sealed class ArenaFiller : IAsyncDisposable
{
    /// <summary>Of every prompt: three chunks.</summary>
    public const int PromptTokens = 96;

    private const int FirstSeed = 1000;
    private const int MaxPrompts = 400;

    private readonly PrefixCacheClient _client;
    private readonly RawSession _session;
    private readonly ByteString _layoutId;
    private readonly HashSet<long> _offsets = [];
    private int _prompts;

    private ArenaFiller(PrefixCacheClient client, RawSession session, ByteString layoutId) =>
        (_client, _session, _layoutId) = (client, session, layoutId);

    public static KvLayout Layout { get; } = TestKv.Layout();

    private static int BlockBytes => Layout.Shapes[0].PayloadBytes(Layout.ChunkTokens);

    public static async Task<ArenaFiller> StartAsync(RunningNode node)
    {
        var client = await node.ConnectAsync(options => options with { SharedMemory = true });
        await client.RegisterLayoutAsync(Layout);
        var session = await RawSession.OpenAsync(node.Address);
        using var mapped = await session.AttachAsync();
        return new ArenaFiller(client, session, await session.RegisterAsync(RawLayout.Sound()));
    }

    /// <summary>Stores so many new prompts, each of which must be taken, and loads each again.</summary>
    /// <param name="plane">How the stores must move their payload.</param>
    public async Task FillAsync(int prompts, TransferPlane plane = TransferPlane.SharedMemory)
    {
        for (var last = _prompts + prompts; _prompts < last; _prompts++)
        {
            var tokens = Prompt(_prompts);
            await using (var cold = await _client.LookupAsync(Layout, tokens))
            {
                var store = await cold.StoreAsync(TestKv.Memory(Layout, TestKv.Compute(Layout, tokens), tokens.Length));
                Assert.Equal((3, plane), (store.Committed, store.Plane));
            }

            Assert.Equal(tokens.Length, await LoadAsync(tokens));
            _offsets.UnionWith(await LocateAsync(tokens));
        }
    }

    /// <summary>Fills on until each of these blocks was given to one of the prompts.</summary>
    public async Task FillUntilUsedAsync(IReadOnlyList<long> blocks)
    {
        while (!blocks.All(IsUsed))
        {
            Assert.True(
                _prompts < MaxPrompts, $"{_prompts} prompts were stored and not all of the blocks {string.Join(", ", blocks)} are used.");
            await FillAsync(1);
        }
    }

    /// <summary>Loads what is still cached of every prompt so far.</summary>
    /// <returns>Tokens, each byte verified.</returns>
    public async Task<int> VerifyAllAsync()
    {
        var tokens = 0;
        for (var prompt = 0; prompt < _prompts; prompt++) tokens += await LoadAsync(Prompt(prompt));
        return tokens;
    }

    /// <summary>A prompt lay, in part at least, where this block is.</summary>
    public bool IsUsed(long block) => _offsets.Any(offset => Math.Abs(offset - block) < BlockBytes);

    /// <returns>Tokens of the prompt's hit, each byte verified.</returns>
    public async Task<int> LoadAsync(int[] tokens)
    {
        var memory = new byte[Layout.Shapes[0].PayloadBytes(tokens.Length)];
        await using var warm = await _client.LookupAsync(Layout, tokens);
        var loaded = await warm.RetrieveAsync(TestKv.Memory(Layout, memory, tokens.Length));
        Assert.Equal(warm.HitTokens, loaded.Tokens);
        Assert.Null(TestKv.FindDifference(Layout, tokens, memory, 0, loaded.Tokens));
        return loaded.Tokens;
    }

    /// <summary>Where the chunks of a prompt's hit lie, in bytes from the arena's start.</summary>
    public async Task<IReadOnlyList<long>> LocateAsync(int[] tokens)
    {
        var answer = await _session.LookupAsync(_layoutId, tokens, request => request.ExtentShards.Add(0));
        await _session.ReleaseAsync(answer.Reservation);
        return [.. answer.Extents.SelectMany(shard => shard.Offsets).Select(offset => (long)offset)];
    }

    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private static int[] Prompt(int number) => TestKv.Tokens(PromptTokens, FirstSeed + number);
}
