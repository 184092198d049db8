using System.Buffers;
using System.Runtime.InteropServices;

namespace PrefixCache.Client.Wire;

/// <summary>The caller's token ids seen as the bytes that travel, u32 little-endian: nothing is copied.</summary>
/// <remarks>Owns nothing. Hosts are little-endian, as every platform of .NET's is that this library runs on.</remarks>
internal sealed class TokenMemory(ReadOnlyMemory<int> tokens) : MemoryManager<byte>
{
    public ReadOnlySequence<byte> Sequence => new(Memory);

    public override Span<byte> GetSpan()
    {
        var span = MemoryMarshal.AsBytes(tokens.Span);
        return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(span), span.Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException("Tokens are written from spans only.");

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
