namespace PrefixCache.Format.Layouts;

/// <summary>Checks that the shards hold every (layer, head) exactly once.</summary>
internal static class LayoutCoverage
{
    public static void Check(List<string> faults, KvLayout layout)
    {
        var headsByLayer = new int[layout.Groups.Sum(group => group.Layers.Count)];
        foreach (var group in layout.Groups)
            foreach (var layer in group.Layers) headsByLayer[layer] = group.Heads;

        var parts = new List<(int First, int End, int Shard)>[headsByLayer.Length];
        for (var i = 0; i < layout.Shards.Count; i++)
        {
            var shard = layout.Shards[i];
            if (shard.EndLayer > headsByLayer.Length)
            {
                faults.Add(LayoutValidator.Text($"shards[{i}] ends at layer {shard.EndLayer}: the layout has {headsByLayer.Length} layers"));
                return;
            }

            for (var layer = shard.FirstLayer; layer < shard.EndLayer; layer++)
                (parts[layer] ??= []).Add((shard.FirstHead, shard.Heads == 0 ? headsByLayer[layer] : shard.FirstHead + shard.Heads, i));
        }

        for (var layer = 0; layer < parts.Length && faults.Count == 0; layer++) Layer(faults, layer, headsByLayer[layer], parts[layer] ?? []);
    }

    private static void Layer(List<string> faults, int layer, int heads, List<(int First, int End, int Shard)> parts)
    {
        var next = 0;
        foreach (var (first, end, shard) in parts.OrderBy(part => part.First))
        {
            if (end > heads) faults.Add(LayoutValidator.Text($"shards[{shard}] ends at head {end}: layer {layer} has {heads} heads"));
            else if (first > next) faults.Add(LayoutValidator.Text($"head {next} of layer {layer} is in no shard"));
            else if (first < next) faults.Add(LayoutValidator.Text($"head {first} of layer {layer} is in two shards; name several ranks in one shard instead"));
            if (faults.Count > 0) return;
            next = end;
        }

        if (next < heads) faults.Add(LayoutValidator.Text($"head {next} of layer {layer} is in no shard"));
    }
}
