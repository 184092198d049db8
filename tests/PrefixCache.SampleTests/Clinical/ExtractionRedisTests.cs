using System.Text.Json.Nodes;
using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.SampleTests.Reference;
using PrefixCache.SampleTests.Serving;
using PrefixCache.TestRedis.Network;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.SampleTests.Clinical;

/// <summary>What one run leaves in Redis, and what another with a node of its own makes of it.</summary>
public class ExtractionRedisTests
{
    /// <summary>
    /// 4 ms for a token's KV, which takes a tenth of that to compute; and hundreds of times slower than a Redis without a proxy.
    /// </summary>
    private const long SlowBytesPerSecond = 2 << 20;

    [Fact]
    public async Task Run_TwiceBehindOneRedis_TheSecondReusesFromItsFirstNoteOn()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        JsonNode first = Run("--redis", redis.Address, "--notes", "3");
        Assert.Equal(0, Int(first["notes"]![0]!["reused_tokens"]));
        JsonNode second = Run("--redis", redis.Address, "--notes", "3");
        int shared = Int(second["shared_tokens"]);
        JsonNode note = second["notes"]![0]!, explain = note["explain"]!;
        Assert.InRange(Int(note["reused_tokens"]), shared, Int(note["prompt_tokens"]) - 1);
        Assert.Equal(0, Int(explain["host_tokens"]));
        Assert.InRange(Int(explain["redis_tokens"]), shared, Int(note["prompt_tokens"]));
        Assert.All(second["notes"]!.AsArray().Skip(1), later => Assert.True(Int(later!["explain"]!["host_tokens"]) >= shared));
    }

    [Fact]
    public async Task Run_RedisIsSlow_ComputesAndLoadsAgainWhereItIsFast()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using SlowProxy proxy = new(redis.Port);
        string[] arguments = ["--redis", proxy.Address, "--notes", "7", "--cold"];
        Assert.All(Notes(Run(arguments)), note => Assert.Equal((0, 0), (Reused(note), Int(note["explain"]!["redis_tokens"]))));

        // Two slow loads, and the node knows.
        proxy.ToClient.BytesPerSecond = SlowBytesPerSecond;
        Assert.All(Notes(Run(arguments)).Skip(3), note =>
        {
            JsonNode tier = Assert.Single(note["explain"]!["tiers"]!.AsArray())!;
            Assert.Equal(("redis", false, "estimate"),
                (tier["tier"]!.GetValue<string>(), tier["load"]!.GetValue<bool>(), tier["reason"]!.GetValue<string>()));
            Assert.True(tier["expected_load_ms"]!.GetValue<double>() > tier["expected_compute_ms"]!.GetValue<double>());
            Assert.Equal((0, Int(note["prompt_tokens"])), (Reused(note), Int(note["explain"]!["computed_tokens"])));
        });

        proxy.ToClient.BytesPerSecond = long.MaxValue;
        Assert.All(Notes(Run(arguments)), note =>
        {
            Assert.Equal(0, Int(note["explain"]!["host_tokens"]));
            Assert.True(Reused(note) > 768, $"{Reused(note)} tokens were reused.");
        });
    }

    private static int Int(JsonNode? node) => node!.GetValue<int>();

    private static int Reused(JsonNode note) => Int(note["reused_tokens"]);

    private static IEnumerable<JsonNode> Notes(JsonNode report) => report["notes"]!.AsArray().Select(note => note!);

    /// <summary>A run whose outputs are equal, explained.</summary>
    private static JsonNode Run(params IEnumerable<string> arguments)
    {
        using ModelFolder folder = ModelFolder.Empty();
        string file = Path.Combine(folder.FolderPath, "report.json");
        (int code, _, string error) = SampleProcess.Run(typeof(ClinicalCorpus).Assembly, ["--json", file, "--explain", .. arguments]);
        Assert.True(code == 0, error);
        JsonNode report = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.True(report["outputs_equal"]!.GetValue<bool>());
        return report;
    }
}
