using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PrefixCache.Core.Replay;

namespace PrefixCache.Cli.Replay;

/// <summary>Results for programs: <c>{"runs": [{policy, capacity, mode, hit_blocks, …}]}</c>.</summary>
internal static class ReplayJson
{
    public static string Write(ReplayReport report)
    {
        using var bytes = new MemoryStream();
        var format = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(bytes, format))
        {
            json.WriteStartObject();
            json.WriteStartArray("runs");
            foreach (var run in report.Runs) WriteRun(json, run);
            json.WriteEndArray();
            if (report.Options.Curve) WriteCurves(json, report);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length) + "\n";
    }

    private static void WriteRun(Utf8JsonWriter json, ReplayResult run)
    {
        var (setup, capacity) = (run.Setup, run.Setup.Capacity);
        json.WriteStartObject();
        json.WriteString("policy", setup.Policy);
        if (capacity.IsUnlimited) json.WriteString("capacity", "inf");
        else json.WriteNumber("capacity", capacity.Amount);
        json.WriteString("mode", ReplayText.Of(setup.Mode));
        json.WriteNumber("hit_blocks", run.HitBlocks);
        json.WriteNumber("total_blocks", run.TotalBlocks);
        json.WriteNumber("hit_tokens", run.HitTokens);
        json.WriteNumber("total_tokens", run.TotalTokens);
        json.WriteNumber("evictions", run.Evictions);
        json.WriteNumber("requests", run.Requests);
        json.WriteString("capacity_unit", capacity.IsBytes ? "bytes" : "blocks");
        json.WriteString("admission", ReplayText.Of(setup.Admission));
        json.WriteNumber("nodes", setup.Nodes);
        json.WriteNumber("stored_tokens", run.StoredTokens);
        json.WriteNumber("peak_tokens", run.PeakTokens);
        if (setup.BytesPerToken > 0) json.WriteNumber("bytes_per_token", setup.BytesPerToken);
        json.WriteEndObject();
    }

    /// <summary>Every capacity at which a hit more is made; between two of them the hits do not change.</summary>
    private static void WriteCurves(Utf8JsonWriter json, ReplayReport report)
    {
        json.WriteStartArray("curves");
        foreach (var mode in report.Options.Modes)
        {
            var curve = report.Curve(mode);
            json.WriteStartObject();
            json.WriteString("policy", ReplayPolicies.FlatLru);
            json.WriteString("mode", ReplayText.Of(mode));
            json.WriteNumber("total_blocks", curve.TotalBlocks);
            json.WriteNumber("total_tokens", curve.TotalTokens);
            json.WriteStartArray("points");
            foreach (var capacity in curve.Steps)
            {
                json.WriteStartObject();
                json.WriteNumber("capacity", capacity);
                json.WriteNumber("hit_blocks", curve.HitBlocks(capacity));
                json.WriteNumber("hit_tokens", curve.HitTokens(capacity));
                json.WriteNumber("evictions", curve.Evictions(capacity));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
