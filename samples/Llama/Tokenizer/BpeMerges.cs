namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>The merge table of a byte-level BPE: of all adjacent pairs the one learnt first is joined first.</summary>
/// <remarks>Immutable after filling; safe to read from any thread.</remarks>
internal sealed class BpeMerges
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _merges = [];

    public void Add(int left, int right, int merged) => _merges.TryAdd((left, right), (_merges.Count, merged));

    /// <summary>Joins pairs until none is left; <paramref name="ids"/> holds one id a byte on entry.</summary>
    /// <remarks>A linked list over the array and a heap of candidates: n log n, for a piece may be a megabyte without a space.</remarks>
    public List<int> Apply(int[] ids)
    {
        int[] next = new int[ids.Length], previous = new int[ids.Length];
        PriorityQueue<(int Position, int Left, int Right, int Merged), (int Rank, int Position)> candidates = new();
        for (int i = 0; i < ids.Length; i++) (next[i], previous[i]) = (i + 1, i - 1);
        for (int i = 0; i + 1 < ids.Length; i++) Offer(i, i + 1);

        while (candidates.TryDequeue(out var candidate, out _))
        {
            int left = candidate.Position, right = ids[left] < 0 ? ids.Length : next[left];
            // A candidate is stale once either side took part in another merge.
            if (right >= ids.Length || ids[left] != candidate.Left || ids[right] != candidate.Right) continue;
            ids[left] = candidate.Merged;
            ids[right] = -1;
            next[left] = next[right];
            if (next[left] < ids.Length)
            {
                previous[next[left]] = left;
                Offer(left, next[left]);
            }
            if (previous[left] >= 0) Offer(previous[left], left);
        }
        List<int> merged = [];
        for (int i = 0; i < ids.Length; i = next[i]) merged.Add(ids[i]);
        return merged;

        void Offer(int left, int right)
        {
            if (_merges.TryGetValue((ids[left], ids[right]), out var merge))
                candidates.Enqueue((left, ids[left], ids[right], merge.Merged), (merge.Rank, left));
        }
    }
}
