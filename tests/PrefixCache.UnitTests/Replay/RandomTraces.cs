using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.UnitTests.Replay;

/// <summary>Small traces of conversations that share beginnings.</summary>
internal static class RandomTraces
{
    public const int ChunkTokens = 16;

    /// <param name="outputs">With generated tokens, which the next turn repeats.</param>
    public static IReadOnlyList<(uint[] Prompt, uint[] Output)> Requests(int seed, int count, bool outputs = true)
    {
        var random = new Random(seed);
        var begins = Enumerable.Range(0, 3).Select(_ => Tokens(random, random.Next(10, 50))).ToList();
        var turns = new Dictionary<int, uint[]>();
        var requests = new List<(uint[], uint[])>();
        for (var request = 0; request < count; request++)
        {
            var conversation = random.Next(8);
            var before = turns.GetValueOrDefault(conversation) is { Length: < 200 } known ? known : begins[random.Next(begins.Count)];
            uint[] prompt = [.. before, .. Tokens(random, random.Next(1, 40))];
            var output = outputs ? Tokens(random, random.Next(0, 30)) : [];
            requests.Add((prompt, output));
            turns[conversation] = [.. prompt, .. output];
        }

        return requests;
    }

    public static ReplayTrace Trace(int seed, int count, bool outputs = true) => TraceText.OfTokens(Requests(seed, count, outputs));

    private static uint[] Tokens(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (uint)random.Next(3))];
}
