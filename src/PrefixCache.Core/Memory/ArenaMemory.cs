using System.Buffers;

namespace PrefixCache.Core.Memory;

/// <summary>A view of a range of an arena as <see cref="Memory{T}"/>, for I/O that takes nothing else.</summary>
/// <remarks>
/// Owns nothing: disposing it does nothing, and it must not be used after the block's lease ends, for the bytes may be another block's by
/// then. Pinning costs nothing, for native memory does not move. One object of 40 bytes a view. Thread-safe.
/// </remarks>
public sealed unsafe class ArenaMemory : MemoryManager<byte>
{
    private readonly Arena _arena;
    private readonly long _offset;
    private readonly int _length;

    internal ArenaMemory(Arena arena, long offset, int length)
    {
        _arena = arena;
        _offset = offset;
        _length = length;
    }

    /// <summary>First byte.</summary>
    /// <exception cref="ObjectDisposedException">The arena is gone.</exception>
    public byte* Pointer => _arena.Base + _offset;

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(Pointer, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        return new MemoryHandle(Pointer + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
