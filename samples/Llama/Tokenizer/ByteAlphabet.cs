using System.Text;

namespace PrefixCache.Samples.Llama.Tokenizer;

/// <summary>GPT-2's mapping of the 256 bytes to printable characters, in which a vocabulary file spells its tokens.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOfByte = new char[256];
    private static readonly Dictionary<char, byte> ByteOfChar = [];

    static ByteAlphabet()
    {
        int moved = 0;
        for (int b = 0; b < 256; b++)
        {
            // Printable Latin-1 stands for itself; everything else moves, in order, to U+0100 and up.
            bool printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            char c = printable ? (char)b : (char)(256 + moved++);
            CharOfByte[b] = c;
            ByteOfChar[c] = (byte)b;
        }
    }

    public static char Char(byte value) => CharOfByte[value];

    /// <summary>The bytes that a vocabulary entry spells; an entry with other characters stands for its own UTF-8.</summary>
    public static byte[] Bytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!ByteOfChar.TryGetValue(token[i], out bytes[i])) return Encoding.UTF8.GetBytes(token);
        }
        return bytes;
    }
}
