using System.Text;

namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>
/// Learns merges: again and again the pair that occurs most often becomes a token; of equals the one with the lowest ids.
/// </summary>
internal sealed class BpeTrainer
{
    private readonly List<int[]> _words = [];
    private readonly List<int> _counts = [];
    private readonly Dictionary<(int Left, int Right), int> _pairCounts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _wordsOf = [];
    private readonly PriorityQueue<(int Left, int Right), (int NegatedCount, int Left, int Right)> _queue = new();

    public static BpeTokenizer Train(IEnumerable<string> texts, int merges, IReadOnlyList<string> special)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfNegative(merges);
        TokenizerParts parts = new();
        parts.PreTokenizer.AddPattern(PreTokenizer.Llama3Pattern);
        List<string> tokens = [];
        for (int b = 0; b < 256; b++) tokens.Add(ByteAlphabet.Char((byte)b).ToString());
        for (int id = 0; id < tokens.Count; id++) parts.Vocabulary.Add(tokens[id], id);

        BpeTrainer trainer = new(texts, parts.PreTokenizer);
        while (tokens.Count < 256 + merges && trainer.TryTakeBest(out (int Left, int Right) pair))
        {
            string joined = tokens[pair.Left] + tokens[pair.Right];
            // Two different pairs may spell the same token; both lead to the one id.
            if (!parts.Vocabulary.TryGetValue(joined, out int merged))
            {
                merged = tokens.Count;
                tokens.Add(joined);
                parts.Vocabulary.Add(joined, merged);
            }
            parts.Merges.Add(pair.Left, pair.Right, merged);
            trainer.Merge(pair, merged);
        }
        return new BpeTokenizer(WithSpecial(parts, tokens.Count, special));
    }

    private BpeTrainer(IEnumerable<string> texts, PreTokenizer preTokenizer)
    {
        Dictionary<string, int> indexOf = new(StringComparer.Ordinal);
        foreach (string piece in texts.SelectMany(preTokenizer.Split))
        {
            if (indexOf.TryAdd(piece, _words.Count))
            {
                _words.Add(Array.ConvertAll(Encoding.UTF8.GetBytes(piece), b => (int)b));
                _counts.Add(0);
            }
            _counts[indexOf[piece]]++;
        }
        HashSet<(int Left, int Right)> touched = [];
        for (int word = 0; word < _words.Count; word++) Count(word, 1, touched);
        Enqueue(touched);
    }

    private static TokenizerParts WithSpecial(TokenizerParts parts, int firstId, IReadOnlyList<string> special)
    {
        for (int i = 0; i < special.Count; i++) parts.Added.Add(new AddedToken(firstId + i, special[i], Special: true));
        return parts;
    }

    /// <summary>False when no pair occurs twice.</summary>
    private bool TryTakeBest(out (int Left, int Right) pair)
    {
        while (_queue.TryDequeue(out pair, out var priority))
        {
            int count = _pairCounts.GetValueOrDefault(pair);
            // Counts change behind the queue's back; a stale entry has a newer one beside it.
            if (count == -priority.NegatedCount && count >= 2) return true;
        }
        return false;
    }

    private void Merge((int Left, int Right) pair, int merged)
    {
        HashSet<(int Left, int Right)> touched = [];
        foreach (int word in _wordsOf[pair].Order().ToArray())
        {
            Count(word, -1, touched);
            _words[word] = Replace(_words[word], pair, merged);
            Count(word, 1, touched);
        }
        Enqueue(touched);
    }

    private void Count(int word, int sign, HashSet<(int Left, int Right)> touched)
    {
        int[] ids = _words[word];
        for (int i = 0; i + 1 < ids.Length; i++)
        {
            (int, int) pair = (ids[i], ids[i + 1]);
            _pairCounts[pair] = _pairCounts.GetValueOrDefault(pair) + sign * _counts[word];
            touched.Add(pair);
            if (!_wordsOf.TryGetValue(pair, out HashSet<int>? words)) _wordsOf[pair] = words = [];
            if (sign > 0) words.Add(word);
            else words.Remove(word);
        }
    }

    private void Enqueue(HashSet<(int Left, int Right)> pairs)
    {
        foreach ((int Left, int Right) pair in pairs)
        {
            if (_pairCounts[pair] >= 2) _queue.Enqueue(pair, (-_pairCounts[pair], pair.Left, pair.Right));
        }
    }

    private static int[] Replace(int[] ids, (int Left, int Right) pair, int merged)
    {
        List<int> result = new(ids.Length);
        for (int i = 0; i < ids.Length; i++)
        {
            bool match = i + 1 < ids.Length && (ids[i], ids[i + 1]) == pair;
            result.Add(match ? merged : ids[i]);
            if (match) i++;
        }
        return [.. result];
    }
}
