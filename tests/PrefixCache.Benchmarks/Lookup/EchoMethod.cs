using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using PrefixCache.Grpc;
using PrefixCache.Protocol.V1;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Benchmarks.Lookup;

/// <summary>
/// The reference of a lookup: takes a request of the same size into memory of its own and answers with as many bytes as the lookup does,
/// not with the request itself, which would make the reference slower and the comparison kinder.
/// </summary>
internal static class EchoMethod
{
    /// <summary>Answers as a lookup whose chunks are all hits.</summary>
    public static RpcMethod<BytesValue, BytesValue> Echo { get; } = Method("Echo");

    /// <summary>Answers as one that says where they lie.</summary>
    public static RpcMethod<BytesValue, BytesValue> LongEcho { get; } = Method("LongEcho");

    public static void AddTo(RpcServer server)
    {
        var (plain, located) = (Answer(located: false).CalculateSize(), Answer(located: true).CalculateSize());
        server.AddUnary(Echo, (reader, call) => HandleAsync(reader, plain, call));
        server.AddUnary(LongEcho, (reader, call) => HandleAsync(reader, located, call));
    }

    private static RpcMethod<BytesValue, BytesValue> Method(string name) =>
        new("benchmark.Lookup", name, BytesValue.Parser, BytesValue.Parser) { RequestPayloadField = 1, MaxRequestBytes = 64 << 20 };

    private static LookupResponse Answer(bool located)
    {
        const int Chunks = LookupWorkload.ShortPrompt / KvLayout.DefaultChunkTokens;
        var answer = new LookupResponse { Reservation = 1, HitTokens = LookupWorkload.ShortPrompt };
        answer.Runs.Add(new ChunkRun
        {
            FirstHandle = 1,
            Count = Chunks,
            Tokens = KvLayout.DefaultChunkTokens,
            HitTokens = KvLayout.DefaultChunkTokens,
            State = ChunkState.ChunkHit,
            Tier = Tier.Host,
        });
        if (!located) return answer;
        var extents = new ShardExtents { Arena = ByteString.CopyFrom(new byte[16]) };
        for (var chunk = 0; chunk < Chunks; chunk++)
        {
            extents.Offsets.Add((ulong)chunk);
            extents.Tokens.Add(KvLayout.DefaultChunkTokens);
            extents.Entries.Add((uint)chunk);
            extents.Generations.Add(2);
        }

        answer.Extents.Add(extents);
        return answer;
    }

    private static async ValueTask<BytesValue> HandleAsync(MessageReader<BytesValue> reader, int answerBytes, ServerCall call)
    {
        var length = reader.PayloadLength;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        await reader.ReadPayloadAsync(buffer.AsMemory(0, length), call.CancellationToken);
        ArrayPool<byte>.Shared.Return(buffer);
        var answer = new byte[answerBytes];
        return new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(answer) };
    }
}
