namespace PrefixCache.Server.Security;

/// <summary>Who a call comes from: the tenants that it may work for. The first is the one that is meant when none is named.</summary>
internal sealed record Credential(IReadOnlyList<string> Tenants)
{
    /// <summary>Its sessions never store.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>It opens the admin address.</summary>
    public bool IsAdmin { get; init; }

    public const string DefaultTenant = "default";

    /// <summary>Of every caller where no credentials are configured.</summary>
    public static Credential Anonymous { get; } = new([DefaultTenant]);
}
