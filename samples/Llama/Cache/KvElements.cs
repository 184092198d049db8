using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace PrefixCache.Samples.Llama.Cache;

/// <summary>Conversion between computed f32 values and the dtype that the cache holds; element-wise, so free of order.</summary>
public static class KvElements
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(KvDtype dtype) => dtype == KvDtype.F32 ? 4 : 2;

    /// <summary>Rounds <paramref name="values"/> to <paramref name="dtype"/>, to nearest even.</summary>
    /// <param name="destination">Little-endian elements; exactly <c>values.Length * Size(dtype)</c> bytes.</param>
    public static void Round(ReadOnlySpan<float> values, Span<byte> destination, KvDtype dtype)
    {
        switch (dtype)
        {
            case KvDtype.F32:
                MemoryMarshal.AsBytes(values).CopyTo(destination);
                break;
            case KvDtype.F16:
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(destination));
                break;
            default:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(destination);
                ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
                for (int i = 0; i < bits.Length; i++) halves[i] = RoundToBf16(bits[i]);
                break;
        }
    }

    /// <summary>Widens elements to f32, exactly.</summary>
    public static void Widen(ReadOnlySpan<byte> source, Span<float> values, KvDtype dtype)
    {
        switch (dtype)
        {
            case KvDtype.F32:
                source.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case KvDtype.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), values);
                break;
            default:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
                Span<uint> bits = MemoryMarshal.Cast<float, uint>(values);
                bits = bits[..halves.Length];
                for (int i = 0; i < bits.Length; i++) bits[i] = (uint)halves[i] << 16;
                break;
        }
    }

    private static ushort RoundToBf16(uint bits)
    {
        // A NaN whose payload sits in the lower half would round to infinity.
        if ((bits & 0x7FFF_FFFF) > 0x7F80_0000) return (ushort)(bits >> 16 | 0x40);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}
