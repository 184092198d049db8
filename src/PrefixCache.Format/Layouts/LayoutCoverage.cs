namespace PrefixCache.Format.Layouts;

/// <summary>Checks that the shards hold every (layer, head) exactly once.</summary>
internal static class LayoutCoverage
{
    public static void Check(List<string> faults, KvLayout layout)
    {
        var headsByLayer = new int[layout.Groups.Sum(group => group.Layers.Count)];
        foreach (var group in layout.Groups)
            foreach (var layer in group.Layers) headsByLayer[layer] = group.Heads;

        var boundaries = new bool[headsByLayer.Length + 1];
        for (var i = 0; i < layout.Shards.Count; i++)
        {
            var shard = layout.Shards[i];
            if (shard.EndLayer > headsByLayer.Length)
            {
                faults.Add(LayoutValidator.Text(
                    $"shards[{i}] ends at layer {shard.EndLayer}: the layout has {headsByLayer.Length} layers"));
                return;
            }

            boundaries[shard.FirstLayer] = boundaries[shard.EndLayer] = true;
        }

        for (var layer = 0; layer < headsByLayer.Length && faults.Count == 0; layer++)
        {
            // A layer like the one before it has the same parts. (A list of parts for every layer takes 100 MiB at the limits.)
            if (layer > 0 && !boundaries[layer] && headsByLayer[layer] == headsByLayer[layer - 1]) continue;
            Layer(faults, layer, headsByLayer[layer], PartsOf(layout, layer, headsByLayer[layer]));
        }
    }

    private static List<(int First, int End, int Shard)> PartsOf(KvLayout layout, int layer, int heads)
    {
        var parts = new List<(int First, int End, int Shard)>();
        for (var i = 0; i < layout.Shards.Count; i++)
        {
            var shard = layout.Shards[i];
            if (layer >= shard.FirstLayer && layer < shard.EndLayer)
                parts.Add((shard.FirstHead, shard.Heads == 0 ? heads : shard.FirstHead + shard.Heads, i));
        }

        return parts;
    }

    private static void Layer(List<string> faults, int layer, int heads, List<(int First, int End, int Shard)> parts)
    {
        var next = 0;
        foreach (var (first, end, shard) in parts.OrderBy(part => part.First))
        {
            if (end > heads) faults.Add(LayoutValidator.Text($"shards[{shard}] ends at head {end}: layer {layer} has {heads} heads"));
            else if (first > next) faults.Add(LayoutValidator.Text($"head {next} of layer {layer} is in no shard"));
            else if (first < next) faults.Add(
                LayoutValidator.Text($"head {first} of layer {layer} is in two shards; name several ranks in one shard instead"));
            if (faults.Count > 0) return;
            next = end;
        }

        if (next < heads) faults.Add(LayoutValidator.Text($"head {next} of layer {layer} is in no shard"));
    }
}
