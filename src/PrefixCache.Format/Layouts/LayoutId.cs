using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PrefixCache.Format.Layouts;

/// <summary>32 bytes that name a layout: SHA-256 over its canonical encoding.</summary>
[InlineArray(Length)]
public struct LayoutId : IEquatable<LayoutId>
{
    public const int Length = 32;

    private byte _first;

    /// <summary>False when <paramref name="bytes"/> are not 32.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LayoutId id)
    {
        id = default;
        if (bytes.Length != Length) return false;
        bytes.CopyTo(id);
        return true;
    }

    public readonly byte[] ToArray() => ((ReadOnlySpan<byte>)this).ToArray();

    public readonly bool Equals(LayoutId other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    public override readonly bool Equals(object? obj) => obj is LayoutId other && Equals(other);

    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(this);

    public override readonly string ToString() => Convert.ToHexStringLower(this);

    public static bool operator ==(LayoutId left, LayoutId right) => left.Equals(right);

    public static bool operator !=(LayoutId left, LayoutId right) => !left.Equals(right);
}
