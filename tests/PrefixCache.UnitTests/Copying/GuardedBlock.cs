using System.Buffers;
using System.Runtime.InteropServices;

namespace PrefixCache.UnitTests.Copying;

/// <summary>Native memory at a chosen distance from a multiple of 64, between guard bytes that nobody may change.</summary>
/// <remarks>Owned by its maker.</remarks>
internal sealed unsafe class GuardedBlock : MemoryManager<byte>
{
    public const byte Guard = 0xA5;

    private const int GuardBytes = 192;

    private readonly int _length;
    private readonly int _start;
    private readonly byte* _block;

    /// <param name="misalignment">Bytes behind a multiple of 64, 0 to 63.</param>
    public GuardedBlock(int length, int misalignment = 0)
    {
        _length = length;
        _start = GuardBytes + misalignment;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)(_start + length + GuardBytes), 64);
        new Span<byte>(_block, _start + length + GuardBytes).Fill(Guard);
    }

    public byte* Pointer => _block + _start;

    /// <summary>Random bytes, none of which is the guard's.</summary>
    public GuardedBlock FillRandom(Random random)
    {
        random.NextBytes(GetSpan());
        GetSpan().Replace(Guard, (byte)0);
        return this;
    }

    public void AssertGuards()
    {
        Assert.False(new Span<byte>(_block, _start).ContainsAnyExcept(Guard), "Bytes in front of the block were written.");
        Assert.False(new Span<byte>(Pointer + _length, GuardBytes).ContainsAnyExcept(Guard), "Bytes behind the block were written.");
    }

    public override Span<byte> GetSpan() => new(Pointer, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(Pointer + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing) => NativeMemory.AlignedFree(_block);
}
