using System.Numerics;

namespace PrefixCache.Core.Eviction;

/// <summary>Ages in classes of a quarter octave: fine enough that hit rates hardly differ within one, and few.</summary>
/// <remarks>An age counts uses of chunks, of all of them, since this one was used.</remarks>
internal static class AgeScale
{
    /// <summary>Ages below are alike: one request uses that many chunks at once.</summary>
    private const int FirstOctave = 4;

    /// <summary>The last holds everything from 2^24 uses on.</summary>
    public const int Count = (20 * 4) + 1;

    public static int Of(long age)
    {
        if (age < 1 << FirstOctave) return 0;
        var octave = BitOperations.Log2((ulong)age);
        var quarter = (int)((age >> (octave - 2)) & 3);
        return Math.Min(((octave - FirstOctave) * 4) + quarter + 1, Count - 1);
    }

    /// <summary>The least age of a class.</summary>
    public static long Start(int index)
    {
        if (index == 0) return 0;
        var octave = ((index - 1) / 4) + FirstOctave;
        return (1L << octave) + ((index - 1) % 4 * (1L << (octave - 2)));
    }

    /// <summary>How long a chunk is in a class.</summary>
    public static double Width(int index) => Start(index + 1) - Start(index);
}
