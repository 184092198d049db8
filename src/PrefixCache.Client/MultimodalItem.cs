namespace PrefixCache.Client;

/// <summary>An image, a sound or the like: what placeholder tokens stand for.</summary>
/// <param name="Position">Of its first placeholder token, from the start of the whole sequence.</param>
/// <param name="Digest">Names its contents: 1 to 64 bytes, for example a SHA-256.</param>
public sealed record MultimodalItem(int Position, ReadOnlyMemory<byte> Digest);
