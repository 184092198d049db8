using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>Nothing is ever shared across two namespaces. Tenant comes from the session's credential, never from a request.</summary>
public readonly record struct NamespaceKey(string Tenant, string Salt, string Adapter, LayoutId Layout);
