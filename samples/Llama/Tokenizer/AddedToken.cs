namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>A token that is found in the text as it stands, before any splitting.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">Control token: left out when text is decoded for people.</param>
public sealed record AddedToken(int Id, string Content, bool Special);
