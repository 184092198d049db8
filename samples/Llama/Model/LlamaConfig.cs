namespace PrefixCache.Samples.Llama.Model;

/// <summary>The shape of a Llama-architecture model, named as in Hugging Face's <c>config.json</c>.</summary>
public sealed record LlamaConfig
{
    /// <summary>Number of token ids; rows of the embedding.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward layer.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Number of key/value heads; divides <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of one head; even.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Positions that the model was trained for; longer sequences are refused.</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>Added to the mean square in RMSNorm.</summary>
    public float RmsNormEpsilon { get; init; } = 1e-6f;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Llama 3's frequency scaling, or null for none.</summary>
    public Llama3RopeScaling? RopeScaling { get; init; }

    /// <summary>The output head is the embedding.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>The attention projections have a bias.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>The feed-forward projections have a bias.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Id put before a text when the tokenizer names none.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Ids that end a generated text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Values of one token in one plane of one layer.</summary>
    public int KvWidth => KvHeads * HeadDim;

    /// <summary>Number of weights, an output head of its own included.</summary>
    public long ParameterCount
    {
        get
        {
            long attention = 2L * HiddenSize * Heads * HeadDim + 2L * HiddenSize * KvWidth;
            long perLayer = attention + 3L * HiddenSize * IntermediateSize + 2L * HiddenSize;
            return Layers * perLayer + (TieWordEmbeddings ? 1L : 2L) * VocabSize * HiddenSize + HiddenSize;
        }
    }

    /// <summary>Checks every value against the others.</summary>
    /// <exception cref="LlamaException">A value is out of range; the message names it and what it must be.</exception>
    public void Validate()
    {
        Range("vocab_size", VocabSize, 1, 1 << 22);
        Range("hidden_size", HiddenSize, 1, 1 << 16);
        Range("intermediate_size", IntermediateSize, 1, 1 << 18);
        Range("num_hidden_layers", Layers, 1, 1024);
        Range("num_attention_heads", Heads, 1, 1024);
        Range("num_key_value_heads", KvHeads, 1, Heads);
        Range("head_dim", HeadDim, 2, 1024);
        Range("max_position_embeddings", MaxPositions, 1, 1 << 24);
        if (Heads % KvHeads != 0)
            throw new LlamaException($"num_attention_heads ({Heads}) must be a multiple of num_key_value_heads ({KvHeads}).");
        if (HeadDim % 2 != 0) throw new LlamaException($"head_dim is {HeadDim}; rotary embedding needs an even number.");
        if (!(RmsNormEpsilon >= 0 && RmsNormEpsilon < 1)) throw new LlamaException($"rms_norm_eps is {RmsNormEpsilon}; expected 0 to 1.");
        if (!(RopeTheta > 0) || double.IsInfinity(RopeTheta))
            throw new LlamaException($"rope_theta is {RopeTheta}; expected a positive number.");
        RopeScaling?.Validate();
    }

    private static void Range(string name, int value, int least, int most)
    {
        if (value < least || value > most) throw new LlamaException($"{name} is {value}; expected {least} to {most}.");
    }
}
