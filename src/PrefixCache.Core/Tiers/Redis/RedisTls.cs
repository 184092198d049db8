namespace PrefixCache.Core.Tiers.Redis;

/// <summary>How connections to Redis are encrypted.</summary>
public sealed record RedisTls
{
    public bool Enabled { get; init; }

    /// <summary>File of certificates, PEM, one of which must have signed the server's; empty = those that the machine trusts.</summary>
    public string CaFile { get; init; } = "";
}
