using PrefixCache.Client.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>An engine's memory of a kind on a device, with the place of each byte computed apart from the code under test.</summary>
internal sealed class DeviceEngine : IDisposable
{
    public static readonly string[] Kinds = ["contiguous", "token-major", "strided", "head-major", "scattered"];

    private const byte Untouched = 0xEE;
    private const int PageTokens = 8;
    private const int Gap = 24;

    private readonly HostMemoryGpu _gpu;
    private readonly ShardShape _shape;
    private readonly IDeviceMemory[] _memories;
    private readonly Func<int, int, int, ulong> _place;

    private DeviceEngine(
        HostMemoryGpu gpu, ShardShape shape, IDeviceKvMemory kv, IDeviceMemory[] memories, Func<int, int, int, ulong> place)
    {
        (_gpu, _shape, Kv, _memories, _place) = (gpu, shape, kv, memories, place);
        foreach (var memory in memories) gpu.Write(memory.Address, Enumerable.Repeat(Untouched, (int)memory.Bytes).ToArray());
    }

    public IDeviceKvMemory Kv { get; }

    /// <param name="kind">One of <see cref="Kinds"/>; scattered = pages with an allocation for each segment.</param>
    public static DeviceEngine Make(string kind, HostMemoryDevice device, ShardShape shape, int heads, int tokens)
    {
        var gpu = device.Gpu;
        if (kind == "contiguous")
        {
            var whole = device.Allocate(shape.PayloadBytes(tokens));
            return new DeviceEngine(gpu, shape, new ContiguousDeviceKvMemory(new DeviceRange(whole), shape, tokens), [whole],
                (segment, token, index) => whole.Address
                    + (ulong)(shape.SegmentOffset(segment, tokens) + (token * shape.SegmentBytesPerToken(segment)) + index));
        }

        var pages = (tokens / PageTokens) + 3;
        var table = Enumerable.Range(0, pages).ToArray();
        new Random(9).Shuffle(table);
        var stride = shape.SegmentBytesPerToken(0) + (kind == "strided" ? Gap : 0);
        var segmentBytes = (long)pages * PageTokens * stride;
        var memories = kind == "scattered"
            ? Enumerable.Range(0, shape.Segments).Select(_ => device.Allocate(segmentBytes)).ToArray()
            : [device.Allocate(segmentBytes * shape.Segments)];
        var ranges = Enumerable.Range(0, shape.Segments).Select(segment => kind == "scattered"
            ? new DeviceRange(memories[segment])
            : new DeviceRange(memories[0]).Slice(segment * segmentBytes, segmentBytes)).ToArray();
        if (kind == "head-major")
        {
            var headBytes = shape.SegmentBytesPerToken(0) / heads;
            return new DeviceEngine(gpu, shape, PagedDeviceKvMemory.HeadMajor(ranges, shape, table, PageTokens, heads), memories,
                (segment, token, index) => ranges[segment].Address + (ulong)((table[token / PageTokens] * PageTokens * stride)
                    + ((((index / headBytes) * PageTokens) + (token % PageTokens)) * headBytes) + (index % headBytes)));
        }

        var kv = new PagedDeviceKvMemory(ranges, shape, table, PageTokens, kind == "strided" ? stride : 0);
        return new DeviceEngine(gpu, shape, kv, memories,
            (segment, token, index) => ranges[segment].Address
                + (ulong)((((table[token / PageTokens] * PageTokens) + (token % PageTokens)) * stride) + index));
    }

    /// <summary>Tokens [first, end) are those that <paramref name="expected"/> says, and nothing else was written.</summary>
    public void AssertHolds(int first, int end, Func<int, int, int, byte> expected)
    {
        var images = _memories.ToDictionary(memory => memory, memory => _gpu.Read(memory.Address, (int)memory.Bytes));
        for (var segment = 0; segment < _shape.Segments; segment++)
        {
            for (var token = first; token < end; token++)
            {
                for (var index = 0; index < _shape.SegmentBytesPerToken(segment); index++)
                {
                    var (image, at) = Find(images, _place(segment, token, index));
                    Assert.Equal(expected(segment, token, index), image[at]);
                    image[at] = Untouched;
                }
            }
        }

        Assert.All(images.Values, image => Assert.Equal(-1, image.AsSpan().IndexOfAnyExcept(Untouched)));
    }

    /// <summary>Puts tokens [0, end) there, as computing them does.</summary>
    public void Fill(int end, Func<int, int, int, byte> value)
    {
        for (var segment = 0; segment < _shape.Segments; segment++)
            for (var token = 0; token < end; token++)
                for (var index = 0; index < _shape.SegmentBytesPerToken(segment); index++)
                    _gpu.Write(_place(segment, token, index), [value(segment, token, index)]);
    }

    public void Dispose()
    {
        foreach (var memory in _memories) memory.Dispose();
    }

    private static (byte[] Image, int At) Find(Dictionary<IDeviceMemory, byte[]> images, ulong address)
    {
        var (memory, image) = images.First(one => address >= one.Key.Address && address < one.Key.Address + (ulong)one.Key.Bytes);
        return (image, (int)(address - memory.Address));
    }
}
