namespace PrefixCache.Core.Memory;

/// <summary>Which pages an arena lies in. Larger ones make the first touch of a mapping cheap, in the node and in every worker.</summary>
public enum HugePages
{
    /// <summary>The system's own, 4 KiB on most machines.</summary>
    Off,

    /// <summary>Transparent huge pages where the kernel gives them to shared memory, else as <see cref="Off"/>.</summary>
    Auto,

    /// <summary>Pages of 2 MiB from the pool that the machine's administrator has set aside; it must have enough.</summary>
    TwoMiB,

    /// <summary>Pages of 1 GiB from that pool.</summary>
    OneGiB,
}
