using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using PrefixCache.Grpc;
using PrefixCache.InteropServer.Testing;

namespace PrefixCache.GrpcTests.Payloads;

/// <summary>Messages come out of the readers as they went in, however their bytes are split on the way.</summary>
public sealed class SegmentationTests
{
    private static readonly Arbitrary<(byte[][] Bodies, int[] Pieces, int[] Reads)> Streams = (
        from bodies in Gen.Choose(0, 300).SelectMany(size => Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value), size)).ArrayOf()
        from pieces in Gen.Choose(1, 40).NonEmptyListOf()
        from reads in Gen.Choose(1, 70).NonEmptyListOf()
        select (bodies, pieces.ToArray(), reads.ToArray())).ToArbitrary();

    [Fact]
    public void PayloadPath_AnySegmentationOnServer_BytesAreEqual() =>
        Prop.ForAll(Streams, stream => RoundTrips(stream, Readers.OnServer)).QuickCheckThrowOnFailure();

    [Fact]
    public void PayloadPath_AnySegmentationOnClient_BytesAreEqual() =>
        Prop.ForAll(Streams, stream => RoundTrips(stream, Readers.OnClient)).QuickCheckThrowOnFailure();

    [Fact]
    public void PayloadPath_AnyCutInsideMessage_FailsOnServer() =>
        Prop.ForAll(Streams, stream => Cuts(stream).All(cut => FailsWhenCut(cut, stream.Pieces, stream.Reads))).QuickCheckThrowOnFailure();

    private static bool RoundTrips(
        (byte[][] Bodies, int[] Pieces, int[] Reads) stream,
        Func<MessageParser<Payload>, byte[], IReadOnlyList<int>, int, MessageReader<Payload>> open)
    {
        var bytes = Encode(stream.Bodies);
        var byPayload = open(Payload.Parser, bytes, stream.Pieces, 2);
        var byMessage = open(Payload.Parser, bytes, stream.Pieces, 0);
        foreach (var body in stream.Bodies)
        {
            if (!Wait(byPayload.MoveNextAsync()) || byPayload.PayloadLength != body.Length || (int)byPayload.Current.Type != body.Length % 3
                || !ReadPayload(byPayload, stream.Reads).SequenceEqual(body))
            {
                return false;
            }

            if (!Wait(byMessage.MoveNextAsync()) || !byMessage.Current.Body.Span.SequenceEqual(body))
                return false;
        }

        return !Wait(byPayload.MoveNextAsync()) && !Wait(byMessage.MoveNextAsync());
    }

    private static bool FailsWhenCut(byte[] bytes, int[] pieces, int[] reads)
    {
        var reader = Readers.OnServer(Payload.Parser, bytes, pieces, 2);
        try
        {
            while (Wait(reader.MoveNextAsync()))
                ReadPayload(reader, reads);
            return false;
        }
        catch (RpcException fault)
        {
            return fault.Status == StatusCode.Internal;
        }
    }

    // Cut one byte short, within the last frame's header, and in the middle of the last frame.
    private static IEnumerable<byte[]> Cuts((byte[][] Bodies, int[] Pieces, int[] Reads) stream)
    {
        if (stream.Bodies.Length == 0)
            yield break;
        var whole = Encode(stream.Bodies);
        var last = whole.Length - Encode([stream.Bodies[^1]]).Length;
        foreach (var end in new[] { whole.Length - 1, last + 3, (last + whole.Length + 1) / 2 })
        {
            if (end > last && end < whole.Length)
                yield return whole[..end];
        }
    }

    private static byte[] ReadPayload(MessageReader<Payload> reader, int[] reads)
    {
        var payload = new byte[reader.PayloadLength];
        for (var (position, i) = (0, 0); reader.PayloadRemaining > 0; i++)
        {
            var count = Math.Min(reads[i % reads.Length], reader.PayloadRemaining);
            reader.ReadPayloadAsync(payload.AsMemory(position, count)).AsTask().GetAwaiter().GetResult();
            position += count;
        }

        return payload;
    }

    private static byte[] Encode(byte[][] bodies) =>
    [
        .. bodies.SelectMany(body => RawRequest.Frame(
            new Payload { Type = (PayloadType)(body.Length % 3), Body = ByteString.CopyFrom(body) }.ToByteArray())),
    ];

    private static bool Wait(ValueTask<bool> step) => step.AsTask().GetAwaiter().GetResult();
}
