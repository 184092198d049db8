using System.Text;
using PrefixCache.Format.SharedMemory;

namespace PrefixCache.UnitTests.SharedMemory;

public sealed class ArenaHandoverTests
{
    private static readonly byte[] Session = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
    private static readonly Guid ArenaId = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void Request_Bytes_AreThoseOfThePage() => Assert.Equal(
        "5046584152454E41" + "01000000" + "01000000" + "0102030405060708090A0B0C0D0E0F10" + "0000000000000000",
        Convert.ToHexString(ArenaHandover.Request(Session)));

    [Fact]
    public void Request_OfADevice_NamesItByItsNumber()
    {
        byte[] request = ArenaHandover.Request(Session, device: 2);

        Assert.Equal("0200000000000000", Convert.ToHexString(request.AsSpan(32)));
        Assert.True(ArenaHandover.TryReadRequest(request, out ReadOnlySpan<byte> session, out int device));
        Assert.Equal((Convert.ToHexString(Session), 2), (Convert.ToHexString(session), device));
    }

    [Fact]
    public void TryReadRequest_DeviceBeyondAnInt_IsOneThatNoNodeHas()
    {
        byte[] request = ArenaHandover.Request(Session);
        request.AsSpan(32, 4).Fill(0xFF);

        Assert.True(ArenaHandover.TryReadRequest(request, out _, out int device));
        Assert.Equal(int.MaxValue, device);
    }

    [Fact]
    public void Reply_WithAHandle_TellsOfItInPlaceOfText()
    {
        byte[] handle = [.. Enumerable.Range(100, 64).Select(i => (byte)i)];
        byte[] bytes = ArenaHandover.Reply(new ArenaReply(true, false, ArenaId, 1L << 30, 4_096, "") { Handle = handle });

        Assert.Equal("02000000", Convert.ToHexString(bytes.AsSpan(12, 4)));
        Assert.Equal(handle, bytes[ArenaHandover.ReplyBytes..]);
        Assert.True(ArenaHandover.TryReadReply(bytes.AsSpan(0, ArenaHandover.ReplyBytes), out ArenaReply reply, out int textBytes));
        Assert.Equal((64, 64), (textBytes, reply.Handle?.Length));
    }

    [Theory]
    [InlineData(63)]
    [InlineData(65)]
    public void TryReadReply_HandleOfAnotherLength_IsRefused(int bytes)
    {
        byte[] reply = ArenaHandover.Reply(new ArenaReply(true, false, ArenaId, 1, 4_096, "") { Handle = new byte[64] });
        reply[48] = (byte)bytes;

        Assert.False(ArenaHandover.TryReadReply(reply.AsSpan(0, ArenaHandover.ReplyBytes), out _, out _));
    }

    [Fact]
    public void Reply_Granted_BytesAreThoseOfThePage() => Assert.Equal(
        "5046584152454E41" + "00000000" + "01000000" + "00112233445566778899AABBCCDDEEFF" + "0000004000000000" + "0010000000000000"
            + "00000000" + "0000000000000000",
        Convert.ToHexString(ArenaHandover.Reply(new ArenaReply(true, true, ArenaId, 1L << 30, 4_096, ""))));

    [Fact]
    public void TryReadRequest_OfAnotherMinorVersion_IsRead()
    {
        byte[] request = ArenaHandover.Request(Session);
        request[12] = 9;

        Assert.True(ArenaHandover.TryReadRequest(request, out ReadOnlySpan<byte> session, out _));
        Assert.Equal(Session, session.ToArray());
    }

    [Theory]
    [InlineData(0, 40)]
    [InlineData(8, 40)]
    [InlineData(11, 40)]
    [InlineData(39, 39)]
    [InlineData(39, 41)]
    public void TryReadRequest_Wrong_IsRefused(int changed, int length)
    {
        byte[] request = ArenaHandover.Request(Session);
        if (length == request.Length) request[changed] ^= 0x80;
        else Array.Resize(ref request, length);

        Assert.False(ArenaHandover.TryReadRequest(request, out ReadOnlySpan<byte> session, out _));
        Assert.True(session.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Do this: π.")]
    public void TryReadReply_Refusal_TellsHowMuchTextFollows(string text)
    {
        byte[] bytes = ArenaHandover.Reply(ArenaReply.Refused(text));

        Assert.True(ArenaHandover.TryReadReply(bytes.AsSpan(0, ArenaHandover.ReplyBytes), out ArenaReply reply, out int textBytes));
        Assert.Equal(ArenaReply.Refused(""), reply);
        Assert.Equal(text, Encoding.UTF8.GetString(bytes.AsSpan(ArenaHandover.ReplyBytes, textBytes)));
        Assert.Equal(bytes.Length, ArenaHandover.ReplyBytes + textBytes);
    }

    [Fact]
    public void Reply_TextTooLong_IsCut()
    {
        byte[] bytes = ArenaHandover.Reply(ArenaReply.Refused(new string('x', 5_000)));

        Assert.Equal(ArenaHandover.ReplyBytes + ArenaHandover.MaxTextBytes, bytes.Length);
        Assert.True(ArenaHandover.TryReadReply(bytes.AsSpan(0, ArenaHandover.ReplyBytes), out _, out int textBytes));
        Assert.Equal(ArenaHandover.MaxTextBytes, textBytes);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_025)]
    [InlineData(int.MaxValue)]
    public void TryReadReply_TextOutOfBounds_IsRefused(int textBytes)
    {
        byte[] bytes = ArenaHandover.Reply(ArenaReply.Refused(""));
        BitConverter.TryWriteBytes(bytes.AsSpan(48), textBytes);

        Assert.False(ArenaHandover.TryReadReply(bytes, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public void Request_SessionOfAnotherLength_Throws(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ArenaHandover.Request(new byte[length]));
}
