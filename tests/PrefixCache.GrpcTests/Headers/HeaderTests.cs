using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Grpc;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.GrpcTests.Headers;

/// <summary>The text forms that gRPC gives to messages, times and bytes.</summary>
public sealed class HeaderTests
{
    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("100%", "100%25")]
    [InlineData("ö\n", "%C3%B6%0A")]
    [InlineData("😈", "%F0%9F%98%88")]
    public void StatusMessage_Encoded_AsPublished(string message, string encoded)
    {
        Assert.Equal(encoded, StatusMessage.Encode(message));
        Assert.Equal(message, StatusMessage.Decode(encoded));
    }

    [Theory]
    [InlineData("50% off", "50% off")]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz", "%zz")]
    public void StatusMessage_MalformedEscape_StaysAsItIs(string encoded, string message) =>
        Assert.Equal(message, StatusMessage.Decode(encoded));

    [Fact]
    public void StatusMessage_TooLong_IsCutBetweenCharacters()
    {
        var encoded = StatusMessage.Encode(new string('ö', 5000));
        Assert.True(encoded.Length <= StatusMessage.MaxEncodedLength);
        Assert.Equal(new string('ö', encoded.Length / 6), StatusMessage.Decode(encoded));
    }

    [Fact]
    public void StatusMessage_AnyShortText_RoundTrips() => Prop.ForAll(
        Gen.Choose(1, 0xd7ff).Select(value => (char)value).ArrayOf().Select(
            text => new string(text[..Math.Min(100, text.Length)])).ToArbitrary(),
        text => StatusMessage.Decode(StatusMessage.Encode(text)) == text).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("4m", 40_000)]
    [InlineData("5u", 50)]
    [InlineData("600n", 6)]
    [InlineData("1n", 1)]
    [InlineData("0S", 0)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    public void Timeout_Valid_IsParsed(string value, long ticks)
    {
        Assert.True(TimeoutHeader.TryParse(value, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("1s")]
    [InlineData("123456789S")]
    public void Timeout_Invalid_IsRefused(string value) => Assert.False(TimeoutHeader.TryParse(value, out _));

    [Fact]
    public void Timeout_Any_IsNeverShortenedAndFitsEightDigits() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).Zip(Gen.Choose(0, 30), (value, shift) => new TimeSpan((long)value << shift)).ToArbitrary(),
        timeout =>
        {
            var text = TimeoutHeader.Format(timeout);
            return text.Length <= 9 && TimeoutHeader.TryParse(text, out var parsed) && parsed >= timeout;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void BinaryValue_AnyBytes_RoundTripWithAndWithoutPadding() => Prop.ForAll<byte[]>(bytes =>
        BinaryValue.Decode(BinaryValue.Encode(bytes)).SequenceEqual(bytes)
        && BinaryValue.Decode(Convert.ToBase64String(bytes)).SequenceEqual(bytes)
        && !BinaryValue.Encode(bytes).EndsWith('=')).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("!!!!")]
    public void BinaryValue_NotBase64_FormatException(string value) => Assert.Throws<FormatException>(() => BinaryValue.Decode(value));

    [Fact]
    public void Metadata_KeyForOtherKind_ArgumentException()
    {
        var metadata = new Metadata();
        Assert.Throws<ArgumentException>(() => metadata.Add("a-bin", "text"));
        Assert.Throws<ArgumentException>(() => metadata.Add("a", [1]));
        Assert.Throws<ArgumentException>(() => metadata.Add("grpc-status", "0"));
        Assert.Throws<ArgumentException>(() => metadata.Add("a b", "text"));
        Assert.Throws<ArgumentException>(() => metadata.Add("a", "line\r\nbreak"));
        Assert.Empty(metadata);
    }

    [Fact]
    public void Metadata_SeveralValues_LastIsFound()
    {
        var metadata = new Metadata { { "Key", "1" }, { "key", "2" } };
        Assert.Equal("2", metadata.GetValue("KEY"));
        Assert.Null(metadata.GetValue("other"));
        Assert.Equal(2, metadata.Count);
    }
}
