using PrefixCache.Core.Index;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Pins;

/// <summary>A prefix that stays in place until its time is over. Protected by the node's lock; owns a reference to its tokens.</summary>
internal sealed class Pin(ulong id, NamespaceTree tree, TokenBuffer tokens)
{
    public ulong Id { get; } = id;

    public NamespaceTree Tree { get; } = tree;

    public TokenBuffer Tokens { get; } = tokens;

    /// <summary>Each leased once.</summary>
    public List<ChunkNode> Path { get; set; } = [];

    /// <summary>Time stamp of the last call.</summary>
    public long Since { get; set; }

    public TimeSpan Time { get; set; }
}
