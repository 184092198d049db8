using System.Security.Cryptography;
using System.Text;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Index;

/// <summary>Epochs of namespaces and tenants that were cleared: what was stored under a lower one cannot be named any more.</summary>
/// <remarks>
/// An epoch is a time, in microseconds since 1970, so that the nodes of a fleet agree on which is later whoever sets it. Namespaces and
/// tenants have names that say nothing: hashes. Callers choose the namespaces, so the table is bounded: when it is full, one least epoch
/// of all takes its place. Protected by the node's lock.
/// </remarks>
internal sealed class EpochTable(TimeProvider time)
{
    /// <summary>Most epochs that are remembered one by one.</summary>
    internal const int Max = 16_384;

    /// <summary>Later ones were set by nobody, and are more than Redis's scripts can count: 2^53.</summary>
    private const ulong MaxEpoch = 1UL << 53;

    /// <summary>The least epoch of every namespace.</summary>
    private const string Floor = "*";

    private readonly Dictionary<string, ulong> _epochs = [];

    /// <summary>The highest of all that were ever known.</summary>
    private ulong _last;

    /// <summary>An epoch was raised on this node.</summary>
    public Action<string, ulong>? Raised { get; set; }

    public int Count => _epochs.Count;

    public static string NameOf(in NamespaceKey key) => "n:" + ChunkKeys.Root(key.Layout, key.Tenant, key.Salt, key.Adapter, 0);

    public static string NameOf(string tenant) => "t:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant)));

    public ulong Of(in NamespaceKey key) => _epochs.Count == 0
        ? 0
        : Math.Max(Of(Floor), Math.Max(Of(NameOf(key)), Of(NameOf(key.Tenant))));

    /// <summary>Gives a name the present as its epoch.</summary>
    public void Raise(string name)
    {
        if (_epochs.Count >= Max)
        {
            var floor = Next(_last);
            _epochs.Clear();
            Set(Floor, floor);
        }

        // Later than all others: a tenant's counts for namespaces that have their own, set by a clock that was ahead.
        Set(name, Next(_last));
    }

    /// <summary>Another node has raised an epoch.</summary>
    /// <returns>It was lower here.</returns>
    public bool Learn(string name, ulong epoch)
    {
        if (epoch <= Of(Floor) || Of(name) >= epoch || epoch > MaxEpoch) return false;
        if (_epochs.Count >= Max && name != Floor && !_epochs.ContainsKey(name)) name = Floor;
        if (name == Floor) foreach (var lower in _epochs.Where(pair => pair.Value <= epoch).ToList()) _epochs.Remove(lower.Key);
        (_epochs[name], _last) = (epoch, Math.Max(_last, epoch));
        return true;
    }

    /// <summary>All that are known.</summary>
    public IReadOnlyList<(string Name, ulong Epoch)> All() => [.. _epochs.Select(pair => (pair.Key, pair.Value))];

    private ulong Of(string name) => _epochs.GetValueOrDefault(name);

    private void Set(string name, ulong epoch)
    {
        _epochs[name] = _last = epoch;
        Raised?.Invoke(name, epoch);
    }

    private ulong Next(ulong last) => Math.Max((ulong)(time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, last + 1);
}
