using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PrefixCache.Format.Keys;

/// <summary>32 bytes naming (namespace, all tokens up to a chunk's end); the key before the first chunk is the namespace's root.</summary>
[InlineArray(Length)]
public struct ChunkKey : IEquatable<ChunkKey>
{
    public const int Length = 32;

    private byte _first;

    public readonly bool Equals(ChunkKey other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    public override readonly bool Equals(object? obj) => obj is ChunkKey other && Equals(other);

    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(this);

    public override readonly string ToString() => Convert.ToHexStringLower(this);

    public static bool operator ==(ChunkKey left, ChunkKey right) => left.Equals(right);

    public static bool operator !=(ChunkKey left, ChunkKey right) => !left.Equals(right);
}
