namespace PrefixCache.Server.Admin;

/// <summary>What a page answers.</summary>
/// <param name="Status">HTTP status.</param>
internal readonly record struct AdminAnswer(int Status, string Text, string ContentType = "text/plain; charset=utf-8");
