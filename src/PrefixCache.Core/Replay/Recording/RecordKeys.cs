using System.Buffers.Binary;
using System.Security.Cryptography;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Replay.Recording;

/// <summary>Names namespaces and chunks in a record without telling what they are.</summary>
/// <remarks>
/// The SHA-256 chain that names chunks elsewhere, begun from a root that only who has the secret can compute; the record shows 64 bits of
/// each link. Whoever reads the record sees which lookups begin alike, but cannot test whether a prompt that he guesses is among them: a
/// fast hash with a seed could be tested, or its seed be computed. The secret is never written anywhere.
/// Not thread-safe.
/// </remarks>
internal sealed class RecordKeys
{
    private const int SecretBytes = 32;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The namespace's name, and the root of its chain.</summary>
    public (ulong Name, ChunkKey Root) Namespace(in LookupQuery query)
    {
        // The epoch of a cleared namespace is none of the request's, so a record goes on under the same name.
        var plain = ChunkKeys.Root(query.Layout.Id, query.Session.Instance.Tenant, query.Salt, query.Adapter, epoch: 0);
        ChunkKey root = default;
        HMACSHA256.HashData(_secret, plain, root);
        ChunkKey name = default;
        HMACSHA256.HashData(_secret, root, name);
        return (Shown(name), root);
    }

    /// <summary>One per chunk position, the short last one included: equal = equal up to and including that chunk.</summary>
    public static void Chunks(ChunkKey root, TokenBuffer tokens, int chunkTokens, List<ulong> names)
    {
        var key = root;
        for (var position = 0; position < ChunkPosition.Count(tokens.Count, chunkTokens); position++)
        {
            var text = tokens.Chunk(position, chunkTokens);
            key = ChunkKeys.Next(key, text.Bytes, text.EncodeItems());
            names.Add(Shown(key));
        }
    }

    private static ulong Shown(in ChunkKey key) => BinaryPrimitives.ReadUInt64BigEndian(key);
}
