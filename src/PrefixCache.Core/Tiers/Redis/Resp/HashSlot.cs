namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Which of a cluster's 16,384 slots a key is in: CRC16 (XMODEM) of its hash tag.</summary>
/// <remarks>Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/, appendix A.</remarks>
internal static class HashSlot
{
    public const int Count = 16_384;

    private static readonly ushort[] Table = MakeTable();

    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0 && key[(open + 1)..].IndexOf((byte)'}') is > 0 and var length) key = key.Slice(open + 1, length);
        ushort crc = 0;
        foreach (var value in key) crc = (ushort)((crc << 8) ^ Table[(crc >> 8) ^ value]);
        return crc % Count;
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = (ushort)(i << 8);
            for (var bit = 0; bit < 8; bit++) crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
            table[i] = crc;
        }

        return table;
    }
}
