using PrefixCache.Samples.Serving.Texts;

namespace PrefixCache.Samples.Chat.Conversations;

/// <summary>The texts of the sample: the system prompt and what people say, carried inside the assembly.</summary>
public sealed class ChatTexts
{
    /// <summary>A line of its own between two messages of a file.</summary>
    private const string Separator = "\n---\n";

    /// <summary>Every prompt carries the system prompt and a few messages; with three, common words of both become single tokens.</summary>
    private const int SystemWeight = 3;

    private ChatTexts(string system, IReadOnlyList<ConversationScript> scripts)
    {
        System = system;
        Scripts = scripts;
    }

    /// <summary>What every conversation begins with.</summary>
    public string System { get; }

    /// <summary>What people say, a conversation each.</summary>
    public IReadOnlyList<ConversationScript> Scripts { get; }

    /// <summary>Turns that every conversation has messages for.</summary>
    public int Turns => Scripts.Min(script => script.Messages.Count);

    /// <summary>What the vocabulary of the seeded model is learnt from.</summary>
    public IEnumerable<string> VocabularyTexts =>
        Enumerable.Repeat(System, SystemWeight).Concat(Scripts.SelectMany(script => script.Messages));

    /// <summary>Reads the texts.</summary>
    public static ChatTexts Load()
    {
        EmbeddedTexts texts = new(typeof(ChatTexts).Assembly);
        IEnumerable<ConversationScript> scripts = texts.ReadFolder("conversations/")
            .Select(file => new ConversationScript(file.Name, [.. file.Text.Split(Separator).Select(message => message.Trim())]));
        return new ChatTexts(texts.Read("prompts/system.md"), [.. scripts]);
    }
}
