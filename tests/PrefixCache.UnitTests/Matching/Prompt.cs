using PrefixCache.Core.Tokens;

namespace PrefixCache.UnitTests.Matching;

/// <summary>Tokens, and the items among them.</summary>
internal sealed record Prompt(uint[] Tokens, MultimodalItem[] Items)
{
    public override string ToString() => $"{string.Join(' ', Tokens)} | {string.Join(' ', Items.Select(item => $"{item.Position}:{item.Digest[0]}"))}";
}
