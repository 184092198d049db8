namespace PrefixCache.Samples.Llama.Cache;

/// <summary>Element type that keys and values are held in.</summary>
public enum KvDtype
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>The upper half of a binary32, rounded to nearest even.</summary>
    Bf16,
}
