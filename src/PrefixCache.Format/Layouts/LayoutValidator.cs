using System.Globalization;
using System.Text;

namespace PrefixCache.Format.Layouts;

/// <summary>Finds every fault of a layout at once, so that its author mends it in one go.</summary>
public static class LayoutValidator
{
    public const int MaxNameBytes = 256;
    public const int MaxChunkTokens = 4096;
    public const int ChunkTokensStep = 16;
    public const int MaxGroups = 64;
    public const int MaxLayers = 4096;
    public const int MaxHeads = 4096;
    public const int MaxHeadBytes = 65_536;
    public const int MaxShards = 1024;
    public const int MaxRanks = 1024;

    /// <summary>A shard of a whole chunk must be addressable with 32-bit offsets.</summary>
    public const int MaxShardBytes = 1 << 30;

    /// <summary>(layer, plane) slabs of all shards together: a node keeps 8 bytes for each as long as it knows the layout.</summary>
    public const int MaxSegments = 1 << 17;

    /// <returns>Empty when the layout is sound.</returns>
    public static IReadOnlyList<string> Validate(KvLayout layout)
    {
        var faults = new List<string>();
        Name(faults, "model", layout.Model, required: true);
        Name(faults, "revision", layout.Revision, required: true);
        Name(faults, "scale_digest", layout.ScaleDigest, required: false);
        if (layout.Type.ElementBytes() == 0) faults.Add(
            Text($"dtype {(int)layout.Type} is unknown: use BF16, F16, F32, F8E4M3, F8E5M2 or I8"));
        if (layout.Type.NeedsScaleDigest() && layout.ScaleDigest.Length == 0)
            faults.Add(Text($"dtype {layout.Type} needs a scale_digest: run-time scales make the KV of equal tokens differ"));
        if (layout.ChunkTokens is < ChunkTokensStep or > MaxChunkTokens || layout.ChunkTokens % ChunkTokensStep != 0)
            faults.Add(
                Text($"chunk_tokens is {layout.ChunkTokens}: use a multiple of {ChunkTokensStep} from {ChunkTokensStep} to {MaxChunkTokens}"));
        faults.AddRange(Structure(layout));
        return faults;
    }

    /// <summary>Faults of groups and shards; how they fit together is asked only where each is sound by itself.</summary>
    private static List<string> Structure(KvLayout layout)
    {
        var faults = new List<string>();
        if (Count(faults, "groups", layout.Groups.Count, MaxGroups))
            for (var i = 0; i < layout.Groups.Count; i++) Group(faults, i, layout.Groups[i]);
        if (Count(faults, "shards", layout.Shards.Count, MaxShards))
            for (var i = 0; i < layout.Shards.Count; i++) Shard(faults, i, layout.Shards[i]);
        if (faults.Count == 0) Layers(faults, layout);
        if (faults.Count == 0) LayoutCoverage.Check(faults, layout);
        if (faults.Count == 0) Sizes(faults, layout);
        return faults;
    }

    internal static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Name(List<string> faults, string name, string value, bool required)
    {
        var bytes = Encoding.UTF8.GetByteCount(value);
        if (required && bytes == 0) faults.Add(Text($"{name} is empty"));
        if (bytes > MaxNameBytes) faults.Add(Text($"{name} has {bytes} bytes: at most {MaxNameBytes}"));
    }

    private static bool Count(List<string> faults, string name, int count, int max)
    {
        if (count >= 1 && count <= max) return true;
        faults.Add(Text($"{name}: {count} given, 1 to {max} wanted"));
        return false;
    }

    private static void Range(List<string> faults, string name, int value, int min, int max)
    {
        if (value < min || value > max) faults.Add(Text($"{name} is {value}: use {min} to {max}"));
    }

    private static void Group(List<string> faults, int index, LayerGroup group)
    {
        var name = Text($"groups[{index}]");
        if (group.Kind != LayerGroupKind.Full) faults.Add(
            Text($"{name}: kind {group.Kind} is not supported: this version accepts Full only"));
        Count(faults, name + ".layers", group.Layers.Count, MaxLayers);
        foreach (var layer in group.Layers.Where(layer => layer is < 0 or >= MaxLayers).Take(1)) Range(
            faults, name + ".layers", layer, 0, MaxLayers - 1);
        Range(faults, name + ".planes", group.Planes, 1, 2);
        Range(faults, name + ".heads", group.Heads, 1, MaxHeads);
        Range(faults, name + ".head_bytes", group.HeadBytes, 1, MaxHeadBytes);
    }

    private static void Shard(List<string> faults, int index, LayoutShard shard)
    {
        var name = Text($"shards[{index}]");
        Range(faults, name + ".first_layer", shard.FirstLayer, 0, MaxLayers - 1);
        Range(faults, name + ".layers", shard.Layers, 1, MaxLayers);
        Range(faults, name + ".first_head", shard.FirstHead, 0, MaxHeads - 1);
        Range(faults, name + ".heads", shard.Heads, 0, MaxHeads);
        if (shard.Heads == 0 && shard.FirstHead != 0) faults.Add(
            Text($"{name}: first_head is {shard.FirstHead} but heads is 0 (all heads)"));
        Count(faults, name + ".ranks", shard.Ranks.Count, MaxRanks);
        foreach (var rank in shard.Ranks.Where(rank => rank is < 0 or >= MaxRanks).Take(1)) Range(
            faults, name + ".ranks", rank, 0, MaxRanks - 1);
        if (shard.Ranks.Distinct().Count() != shard.Ranks.Count) faults.Add(Text($"{name}.ranks names a rank twice"));
    }

    private static void Layers(List<string> faults, KvLayout layout)
    {
        var layers = layout.Groups.SelectMany(group => group.Layers).Order().ToList();
        for (var i = 0; i < layers.Count; i++)
        {
            if (layers[i] == i) continue;
            faults.Add(layers[i] < i ? Text($"layer {layers[i]} is in two groups")
                : Text($"layer {i} is in no group: layers run from 0 without a gap"));
            return;
        }
    }

    private static void Sizes(List<string> faults, KvLayout layout)
    {
        var segments = layout.Shards.Sum(shard => layout.Groups.Sum(group => LayersIn(group, shard) * group.Planes));
        if (segments > MaxSegments) faults.Add(Text($"the shards have {segments} (layer, plane) slabs together: at most {MaxSegments}"));
        for (var i = 0; i < layout.Shards.Count; i++)
        {
            var shard = layout.Shards[i];
            var bytes = layout.Groups.Sum(group =>
                LayersIn(group, shard) * group.Planes * (
                    shard.Heads == 0 ? group.Heads : shard.Heads) * group.HeadBytes) * layout.ChunkTokens;
            if (bytes > MaxShardBytes)
                faults.Add(Text($"shards[{i}] has {bytes} bytes a chunk: at most {MaxShardBytes}; lower chunk_tokens or split the shard"));
        }
    }

    private static long LayersIn(LayerGroup group, LayoutShard shard) =>
        group.Layers.LongCount(layer => layer >= shard.FirstLayer && layer < shard.EndLayer);
}
