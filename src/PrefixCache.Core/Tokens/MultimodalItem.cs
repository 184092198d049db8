namespace PrefixCache.Core.Tokens;

/// <summary>An image, a sound or the like: what its placeholder tokens stand for.</summary>
/// <param name="Position">Of its first placeholder token, in tokens from the start of the sequence, or of the chunk where a chunk keeps
/// it.</param>
/// <param name="Digest">Names its contents, 1 to <see cref="MaxDigestBytes"/> bytes. Does not change.</param>
public readonly record struct MultimodalItem(int Position, byte[] Digest)
{
    public const int MaxDigestBytes = 64;

    internal bool IsSame(in MultimodalItem other) => Digest.AsSpan().SequenceEqual(other.Digest);
}
