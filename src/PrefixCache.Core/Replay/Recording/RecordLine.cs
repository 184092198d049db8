using System.Text;

namespace PrefixCache.Core.Replay.Recording;

/// <summary>Names in the lines of a lookup record, shared by the one that writes and the one that reads.</summary>
internal static class RecordLine
{
    public const int CurrentVersion = 1;

    /// <summary>Of a header: a node that starts writes one.</summary>
    public const string Version = "prefixcache_record";

    /// <summary>Of a header: new at each start of a node, as its secret is.</summary>
    public const string Incarnation = "incarnation";

    /// <summary>Lookups that the node dropped since it last said so.</summary>
    public const string Dropped = "dropped";

    /// <summary>Of a lookup: milliseconds since 1970.</summary>
    public const string Timestamp = "timestamp";

    /// <summary>Of a lookup: keyed hash of tenant, salt, adapter and layout.</summary>
    public const string Namespace = "namespace";

    public const string ChunkTokens = "chunk_tokens";

    /// <summary>Of a lookup: how many tokens it asked for.</summary>
    public const string Tokens = "tokens";

    public const string HitTokens = "hit_tokens";

    /// <summary>Of a lookup: its request had been looked up before and was not released.</summary>
    public const string Repeat = "repeat";

    /// <summary>Of a lookup: one keyed hash per chunk position.</summary>
    public const string Chunks = "chunks";

    private static readonly byte[] HeaderStart = Encoding.UTF8.GetBytes($"{{\"{Version}\"");

    public static bool IsHeader(ReadOnlySpan<byte> line) => line.StartsWith(HeaderStart);
}
