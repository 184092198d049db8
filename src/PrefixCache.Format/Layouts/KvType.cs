namespace PrefixCache.Format.Layouts;

/// <summary>Type of one KV element. The numbers are those of the wire and of the canonical encoding.</summary>
public enum KvType
{
    Unspecified = 0,
    BFloat16 = 1,
    Float16 = 2,
    Float32 = 3,
    Float8E4M3 = 4,
    Float8E5M2 = 5,
    Int8 = 6,
}

public static class KvTypeExtensions
{
    /// <summary>Bytes of one element; 0 for a type that this version does not know.</summary>
    public static int ElementBytes(this KvType type) => type switch
    {
        KvType.BFloat16 or KvType.Float16 => 2,
        KvType.Float32 => 4,
        KvType.Float8E4M3 or KvType.Float8E5M2 or KvType.Int8 => 1,
        _ => 0,
    };

    /// <summary>Quantized with scales found at run time, which make the KV of equal tokens differ unless the scales are named.</summary>
    public static bool NeedsScaleDigest(this KvType type) => type is KvType.Float8E4M3 or KvType.Float8E5M2 or KvType.Int8;
}
