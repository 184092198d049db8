using System.Text;
using PrefixCache.Core.Results;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>Nothing is ever shared across two namespaces. Tenant comes from the session's credential, never from a request.</summary>
public readonly record struct NamespaceKey(string Tenant, string Salt, string Adapter, LayoutId Layout)
{
    /// <summary>Most bytes of UTF-8 in a salt or an adapter's name.</summary>
    public const int MaxNameBytes = 256;

    /// <summary>Null when the names that a request chooses are in order.</summary>
    public static CacheError? CheckNames(string salt, string adapter) => CheckName("salt", salt) ?? CheckName("adapter", adapter);

    private static CacheError? CheckName(string name, string value) => Encoding.UTF8.GetByteCount(value) is > MaxNameBytes and var bytes
        ? CacheError.InvalidArgument($"{name} has {bytes} bytes: at most {MaxNameBytes}.")
        : null;
}
