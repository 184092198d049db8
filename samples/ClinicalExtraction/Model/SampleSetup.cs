using PrefixCache.Samples.ClinicalExtraction.Corpus;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.ClinicalExtraction.Model;

/// <summary>
/// Texts, tokenizer and model of one run: from a folder, or made from the sample's texts and a seed; equal in every process.
/// </summary>
public sealed class SampleSetup
{
    private readonly string? _modelFolder;

    /// <summary>Reads the texts and the tokenizer; the model is loaded on demand.</summary>
    /// <param name="modelFolder">Hugging Face folder with a tokenizer.json, or null.</param>
    /// <exception cref="LlamaException">The folder cannot be used.</exception>
    public SampleSetup(string? modelFolder)
    {
        _modelFolder = modelFolder;
        Corpus = ClinicalCorpus.Load();
        Tokenizer = modelFolder is null ? SampleVocabulary.Train(Corpus) : BpeTokenizer.Load(Path.Combine(modelFolder, "tokenizer.json"));
        Prompts = new PromptBuilder(Corpus, Tokenizer);
    }

    /// <summary>The texts.</summary>
    public ClinicalCorpus Corpus { get; }

    /// <summary>Encodes prompts and decodes answers.</summary>
    public BpeTokenizer Tokenizer { get; }

    /// <summary>Makes prompts.</summary>
    public PromptBuilder Prompts { get; }

    /// <summary>Tokens that the longest prompt and its answer need.</summary>
    public int Capacity => Corpus.Notes.Max(note => Prompts.Build(note).Length) + SampleModel.OutputTokens;

    /// <summary>Loads or makes the model.</summary>
    public LlamaModel LoadModel() => _modelFolder is { } folder
        ? LlamaModel.Load(folder)
        : LlamaModel.FromSeed(SampleModel.Config(Tokenizer.VocabSize), SampleModel.Seed);
}
