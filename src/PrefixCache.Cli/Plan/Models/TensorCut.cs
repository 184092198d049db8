namespace PrefixCache.Cli.Plan.Models;

/// <summary>How tensor parallelism divides a tensor among ranks.</summary>
internal enum TensorCut
{
    /// <summary>Evenly: heads, columns or rows, entries of the vocabulary.</summary>
    Even,

    /// <summary>By KV heads: more ranks than those hold copies.</summary>
    KvHeads,

    /// <summary>Every rank has all of it.</summary>
    Replicated,
}
