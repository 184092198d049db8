namespace PrefixCache.Samples.Llama.Model;

/// <summary>A model folder, configuration or input that cannot be used; the message says what is wrong and where.</summary>
public sealed class LlamaException : Exception
{
    /// <summary>Creates the exception.</summary>
    public LlamaException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public LlamaException(string message, Exception inner) : base(message, inner) { }
}
