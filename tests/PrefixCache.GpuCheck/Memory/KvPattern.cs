using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PrefixCache.Format.Layouts;

namespace PrefixCache.GpuCheck.Memory;

/// <summary>Prompts and their KV, whose every word says to which prompt, token, segment and place in it it belongs.</summary>
/// <param name="layout">One shard, with segments of whole words.</param>
/// <param name="tokens">Of the prompt.</param>
/// <param name="seed">Tells prompts apart, from their first token on.</param>
internal sealed class KvPattern(KvLayout layout, int tokens, int seed)
{
    public static KvPattern Llama(int seed) => new(LlamaLayout, LlamaTokens, seed);

    /// <summary>900 tokens of instructions, three whole chunks of 256 and a part: 117,964,800 bytes.</summary>
    public const int LlamaTokens = 900;

    /// <summary>Llama 3.1 8B in bf16, 131,072 bytes a token.</summary>
    public static KvLayout LlamaLayout { get; } =
        KvLayout.Uniform("llama-3.1-8b", "gpu-check", KvType.BFloat16, layers: 32, kvHeads: 8, headDimension: 128);

    public KvLayout Layout => layout;

    public ShardShape Shape => layout.Shapes[0];

    public int Tokens => tokens;

    public int Bytes => Shape.PayloadBytes(tokens);

    public int[] Prompt { get; } = [.. Enumerable.Range(0, tokens).Select(token => (int)(Mix(seed, 0, token) % 128_000))];

    /// <summary>Some tokens of a segment, [token][bytes per token].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a process of a check ends before it would be compiled anew
    public void Fill(Span<byte> memory, int segment, int firstToken)
    {
        var bytes = Shape.SegmentBytesPerToken(segment);
        for (var token = 0; token * bytes < memory.Length; token++)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(memory.Slice(token * bytes, bytes));
            var value = Mix(seed, segment + 1, firstToken + token);
            for (var word = 0; word < words.Length; word++) words[word] = value + ((ulong)word * 0x0101_0101_0101_0103UL);
        }
    }

    /// <summary>All of it, [segment][token][bytes per token].</summary>
    public void Fill(Span<byte> memory)
    {
        for (var segment = 0; segment < Shape.Segments; segment++)
            Fill(memory.Slice(Shape.SegmentOffset(segment, tokens), tokens * Shape.SegmentBytesPerToken(segment)), segment, 0);
    }

    /// <summary>Whether memory has some tokens of a segment, byte for byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool IsIn(ReadOnlySpan<byte> memory, int segment, int firstToken)
    {
        var bytes = Shape.SegmentBytesPerToken(segment);
        Span<byte> expected = stackalloc byte[bytes];
        for (var token = 0; token * bytes < memory.Length; token++)
        {
            Fill(expected, segment, firstToken + token);
            if (!expected.SequenceEqual(memory.Slice(token * bytes, bytes))) return false;
        }

        return true;
    }

    /// <summary>SplitMix64 over all of them.</summary>
    private static ulong Mix(int seed, int segment, int token)
    {
        var value = ((ulong)(uint)seed << 40) + ((ulong)(uint)segment << 24) + (uint)token + 0x9E37_79B9_7F4A_7C15UL;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EBUL;
        return value ^ (value >> 31);
    }
}
