using PrefixCache.Core.Memory;

namespace PrefixCache.UnitTests.Memory;

public sealed unsafe class RecordPoolTests : IDisposable
{
    private readonly RecordPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(RecordPool.SlabBytes + 1)]
    public void Take_NoSuchSize_Throws(int bytes) => Assert.Throws<ArgumentOutOfRangeException>(() => _pool.Take(bytes));

    [Fact]
    public void Take_WholeSlab_Succeeds()
    {
        var first = _pool.Take(RecordPool.SlabBytes);
        var second = _pool.Take(RecordPool.SlabBytes);
        Assert.NotEqual(first, second);

        _pool.Return(first);
        _pool.Return(second);

        Assert.Equal((0, 1), (_pool.Count, _pool.SlabCount));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Return_AnyOrder_RecordsNeverOverlapAndAllComesBack(int seed)
    {
        var random = new Random(seed);
        var held = new List<(nint Record, int Bytes, byte Mark)>();
        for (var i = 0; i < 20_000; i++)
        {
            if (held.Count == 0 || random.Next(100) < (i < 10_000 ? 60 : 40))
            {
                var bytes = random.Next(4) == 0 ? random.Next(1, 40_000) : 1024;
                var taken = (Record: _pool.Take(bytes), Bytes: bytes, Mark: (byte)random.Next(256));
                new Span<byte>((void*)taken.Record, bytes).Fill(taken.Mark);
                held.Add(taken);
                continue;
            }

            var index = random.Next(held.Count);
            ReturnIntact(held[index]);
            held.RemoveAt(index);
        }

        foreach (var left in held) ReturnIntact(left);
        Assert.Equal(0, _pool.Count);

        // One slab stays of each size.
        Assert.InRange(_pool.SlabCount, 1, 40_000 / 64);
    }

    [Fact]
    public void Return_EverySlabEmpty_KeepsOne()
    {
        var records = Enumerable.Range(0, 5_000).Select(_ => _pool.Take(1024)).ToList();
        Assert.Equal(5, _pool.SlabCount);

        foreach (var record in records) _pool.Return(record);

        Assert.Equal((0, 1), (_pool.Count, _pool.SlabCount));
    }

    [Fact]
    public void Return_PoolDisposed_DoesNothing()
    {
        var record = _pool.Take(100);
        _pool.Dispose();

        _pool.Return(record);

        Assert.Equal((0, 0), (_pool.Count, _pool.SlabCount));
    }

    private void ReturnIntact((nint Record, int Bytes, byte Mark) held)
    {
        Assert.False(new Span<byte>((void*)held.Record, held.Bytes).ContainsAnyExcept(held.Mark), "Two records overlap.");
        _pool.Return(held.Record);
    }
}
