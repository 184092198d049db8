using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.Chat.Conversations;

/// <summary>One conversation as tokens: the system prompt, then messages and answers in turn.</summary>
/// <remarks>
/// Grows at its end alone, so each prompt begins with the one before and its answer. That holds for tokens, not only for text: every piece
/// is encoded on its own, and an answer stays the very ids that were decoded, which encoding its text again need not give. Used by one
/// thread.
/// </remarks>
public sealed class Conversation
{
    private readonly int[][] _messages;
    private readonly List<int> _tokens;
    private int _asked;
    private int _answerStart;
    private int _answerEnd;

    /// <summary>Encodes the system prompt and all messages.</summary>
    public Conversation(string system, ConversationScript script, BpeTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(tokenizer);
        Name = script.Name;
        _tokens = [.. tokenizer.Prefix, .. tokenizer.Encode(system, addSpecial: false)];
        SystemTokens = _tokens.Count;
        _messages = [.. script.Messages.Select(message => tokenizer.Encode($"\n\nUser:\n{message}\n\nMarlo:\n", addSpecial: false))];
    }

    /// <summary>The script's name.</summary>
    public string Name { get; }

    /// <summary>Tokens that every conversation begins with.</summary>
    public int SystemTokens { get; }

    /// <summary>Tokens of the longest prompt and its answer when every answer has its full length.</summary>
    public int Capacity(int turns, int answerTokens) => SystemTokens + _messages.Take(turns).Sum(message => message.Length + answerTokens);

    /// <summary>Adds the next message and gives the prompt: everything so far.</summary>
    /// <exception cref="InvalidOperationException">Every message was asked.</exception>
    public int[] Ask()
    {
        if (_asked == _messages.Length) throw new InvalidOperationException($"{Name} has no more than {_messages.Length} messages.");
        _tokens.AddRange(_messages[_asked++]);
        return [.. _tokens];
    }

    /// <summary>Adds the answer to what was asked last.</summary>
    public void Answer(IReadOnlyCollection<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _answerStart = _tokens.Count;
        _tokens.AddRange(tokens);
        _answerEnd = _tokens.Count;
    }

    /// <summary>How many of a prompt's reused tokens are the last answer's.</summary>
    /// <param name="reused">Leading tokens of the prompt that were reused.</param>
    public int OfLastAnswer(int reused) => Math.Clamp(reused, _answerStart, _answerEnd) - _answerStart;
}
