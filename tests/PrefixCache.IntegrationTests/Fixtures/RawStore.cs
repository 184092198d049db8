using PrefixCache.Format.Hashing;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>The messages of a store, written by hand.</summary>
internal static class RawStore
{
    public static (StoreRequest Head, byte[] Payload) Open(RawSession session, ulong reservation,
        params (ulong Handle, uint Tokens)[] offers) =>
        Open(session, reservation, 0, offers);

    public static (StoreRequest Head, byte[] Payload) Open(RawSession session, ulong reservation, uint shard,
        params (ulong Handle, uint Tokens)[] offers)
    {
        var open = new StoreOpen { Session = session.Id, Reservation = reservation, Shard = shard };
        foreach (var (handle, tokens) in offers) open.Chunks.Add(new StoreOffer { Handle = handle, Tokens = tokens });
        return (new StoreRequest { Open = open }, []);
    }

    public static (StoreRequest Head, byte[] Payload) Part(ulong handle, int offset, byte[] payload, params ulong[] checksums)
    {
        var part = new StorePart { Handle = handle, Offset = (ulong)offset };
        part.Checksums.AddRange(checksums);
        return (new StoreRequest { Part = part }, payload);
    }

    /// <summary>A whole chunk in one message.</summary>
    public static (StoreRequest Head, byte[] Payload) Chunk(KvLayout layout, int[] tokens, int position, int shard = 0) =>
        Part((ulong)position + 1, 0, TestKv.ChunkPayload(layout, tokens, position, shard));

    /// <summary>One checksum per segment of a chunk.</summary>
    public static ulong[] Checksums(KvLayout layout, byte[] payload)
    {
        var shape = layout.Shapes[0];
        var tokens = payload.Length / shape.BytesPerToken;
        return
        [
            .. Enumerable.Range(0, shape.Segments).Select(segment => Xxh3.Hash64(
                payload.AsSpan(shape.SegmentOffset(segment, tokens), shape.SegmentBytesPerToken(segment) * tokens))),
        ];
    }
}
