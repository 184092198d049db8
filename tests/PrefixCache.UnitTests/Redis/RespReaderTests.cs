using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Tiers.Redis.Resp;

namespace PrefixCache.UnitTests.Redis;

public sealed class RespReaderTests
{
    private const string Stream = "+OK\r\n:-42\r\n$5\r\nhe\r\no\r\n$-1\r\n*3\r\n:1\r\n*-1\r\n*2\r\n$0\r\n\r\n+x\r\n-OOM command not allowed\r\n";

    /// <summary>Replies are the same however the network cuts them.</summary>
    [Fact]
    public void Read_UnderAnySegmentation_GivesTheSameReplies() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<PositiveInt[]>(), cuts =>
        {
            var reader = new RespReader(new Pieces(Encoding.UTF8.GetBytes(Stream), [.. cuts.Select(cut => cut.Get)]), 64);
            Assert.Equal("OK", Next(reader).Text);
            Assert.Equal(-42, Next(reader).Number);
            Assert.Equal("he\r\no", Next(reader).Text);
            Assert.True(Next(reader).IsNull);
            var list = Next(reader);
            Assert.Equal(1, list.Items[0].Number);
            Assert.True(list.Items[1].IsNull);
            Assert.Equal(["", "x"], list.Items[2].Items.Select(item => item.Text));
            var error = Next(reader);
            Assert.Equal(RedisFault.OutOfMemory, Assert.Throws<RedisException>(() => error.OrThrow()).Fault);
        }));

    [Theory]
    [InlineData("x\r\n")]
    [InlineData("\r\n")]
    [InlineData("$5\nhello\r\n")]
    [InlineData("$-7\r\n")]
    [InlineData("$99999999999\r\n")]
    [InlineData("*99999999\r\n")]
    [InlineData("$2\r\nabcd\r\n")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")]
    [InlineData("+0123456789012345678901234567890123456789012345678901234567890123456789\r\n")]
    public void Read_WhatIsNoReply_Throws(string bytes)
    {
        var reader = new RespReader(new MemoryStream(Encoding.UTF8.GetBytes(bytes)), 64);
        Assert.Equal(RedisFault.Protocol, Assert.Throws<RedisException>(() => Next(reader)).Fault);
    }

    [Fact]
    public void Read_AtTheEnd_SaysThatTheConnectionIsLost()
    {
        var reader = new RespReader(new MemoryStream("$5\r\nhe"u8.ToArray()), 64);
        Assert.Equal(RedisFault.Connection, Assert.Throws<RedisException>(() => Next(reader)).Fault);
    }

    [Theory]
    [InlineData("OOM x", RedisFault.OutOfMemory)]
    [InlineData("LOADING Redis is loading", RedisFault.Loading)]
    [InlineData("READONLY You can't", RedisFault.ReadOnly)]
    [InlineData("MISCONF x", RedisFault.ReadOnly)]
    [InlineData("MOVED 1 a:1", RedisFault.Moved)]
    [InlineData("CLUSTERDOWN x", RedisFault.ClusterDown)]
    [InlineData("NOAUTH x", RedisFault.Denied)]
    [InlineData("ERR x", RedisFault.Other)]
    [InlineData("", RedisFault.Other)]
    public void FaultOf_AnError_IsItsFirstWords(string error, RedisFault fault) =>
        Assert.Equal(fault, RedisException.FaultOf(Encoding.UTF8.GetBytes(error)));

    private static RespValue Next(RespReader reader) => reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>Gives its bytes in pieces of given lengths, then one by one.</summary>
    private sealed class Pieces(byte[] bytes, int[] cuts) : MemoryStream(bytes)
    {
        private int _next;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, _next < cuts.Length ? cuts[_next++] : 1)], cancellationToken);
    }
}
