namespace PrefixCache.Samples.Chat.Conversations;

/// <summary>What one person says in a conversation.</summary>
/// <param name="Name">File name without its ending: 01-soup, …</param>
/// <param name="Messages">One for each turn.</param>
public sealed record ConversationScript(string Name, IReadOnlyList<string> Messages);
