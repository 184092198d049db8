using PrefixCache.Core.Index;

namespace PrefixCache.Core.Pins;

/// <summary>A prefix that stays in place until its time is over. Protected by the node's lock.</summary>
/// <param name="id">Names it.</param>
/// <param name="tree">Of its namespace.</param>
/// <param name="tokens">How many tokens are pinned, those included that are not there yet.</param>
/// <param name="digest">SHA-256 of the tokens and their items: all that is kept of them.</param>
internal sealed class Pin(ulong id, NamespaceTree tree, int tokens, byte[] digest)
{
    public ulong Id { get; } = id;

    public NamespaceTree Tree => tree;

    /// <summary>Each leased once.</summary>
    public List<ChunkNode> Path { get; set; } = [];

    /// <summary>Time stamp of the last call.</summary>
    public long Since { get; set; }

    public TimeSpan Time { get; set; }

    public bool IsOf(NamespaceTree other, int count, byte[] otherDigest) =>
        tree == other && tokens == count && digest.AsSpan().SequenceEqual(otherDigest);
}
