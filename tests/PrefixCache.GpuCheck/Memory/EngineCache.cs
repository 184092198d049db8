using PrefixCache.Client.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Layouts;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Memory;

/// <summary>An engine's cache on a device that has room for one prompt.</summary>
/// <remarks>Owns its allocations; dispose it before the device.</remarks>
internal sealed class EngineCache : IDisposable
{
    public const int PageTokens = 16;

    private readonly List<IDeviceMemory> _allocations = [];
    private readonly IDeviceStream _stream;
    private readonly DestinationShape _shape;
    private readonly ShardShape _shard;
    private readonly DeviceRange[] _segments;
    private readonly int[] _pages;
    private readonly int _tokens;

    public EngineCache(IDevice device, DestinationShape shape, ShardShape shard, int tokens)
    {
        (_shape, _shard, _tokens) = (shape, shard, tokens);
        _stream = device.OpenStream();
        var pages = (tokens + PageTokens - 1) / PageTokens;
        _pages = [.. Enumerable.Range(0, pages).Select(page => (int)(page * 7919L % pages))];
        var room = shape == DestinationShape.Contiguous ? tokens : pages * PageTokens;
        var allocations = shape == DestinationShape.PagedByLayer ? shard.SegmentLayers.Distinct().Count() : 1;
        var perAllocation = shard.Segments / allocations;
        _segments = new DeviceRange[shard.Segments];
        try
        {
            for (var first = 0; first < shard.Segments; first += perAllocation) Allocate(device, first, perAllocation, room);
        }
        catch
        {
            Dispose();
            throw;
        }

        Kv = shape == DestinationShape.Contiguous
            ? new ContiguousDeviceKvMemory(new DeviceRange(_allocations[0]), shard, tokens)
            : new PagedDeviceKvMemory(_segments, shard, _pages, PageTokens);
    }

    public IDeviceKvMemory Kv { get; }

    /// <summary>First byte of the first allocation.</summary>
    public ulong Address => _allocations[0].Address;

    /// <summary>Overwrites all of it with what no prompt has.</summary>
    public void Clear(PinnedPages staging)
    {
        staging.Span.Fill(0xEE);
        foreach (var memory in _allocations)
        {
            for (var done = 0L; done < memory.Bytes; done += staging.Bytes)
            {
                _stream.Copy(new DeviceCopy(DeviceCopyKind.HostToDevice, staging.Address, memory.Address + (ulong)done,
                    Math.Min(staging.Bytes, memory.Bytes - done)));
            }
        }

        Wait();
    }

    /// <summary>Puts a prompt there, which lies in contiguous memory.</summary>
    public void Write(KvPattern pattern, PinnedPages staging)
    {
        pattern.Fill(staging.Span);
        Copy(staging, DeviceCopyKind.HostToDevice, _tokens);
    }

    /// <summary>Copies it back to the host and compares every byte of the first tokens.</summary>
    /// <exception cref="CheckException">A byte is not what it should be.</exception>
    public void Verify(KvPattern pattern, int tokens, PinnedPages staging)
    {
        staging.Span.Clear();
        Copy(staging, DeviceCopyKind.DeviceToHost, tokens);
        var wrong = ParallelEnumerable.Range(0, _shard.Segments).Where(segment =>
        {
            var bytes = _shard.SegmentBytesPerToken(segment);
            return !pattern.IsIn(staging.Span.Slice(_shard.SegmentOffset(segment, _tokens), tokens * bytes), segment, 0);
        }).ToList();
        if (wrong.Count > 0) throw new CheckException($"{wrong.Count} segments of {tokens} tokens are not what was stored.");
    }

    public void Dispose()
    {
        _stream.Dispose();
        foreach (var memory in _allocations) memory.Dispose();
    }

    private void Allocate(IDevice device, int firstSegment, int segments, int room)
    {
        var memory = device.Allocate((long)room * _shard.RangeBytesPerToken(firstSegment, segments));
        _allocations.Add(memory);
        var range = new DeviceRange(memory);
        for (var segment = firstSegment; segment < firstSegment + segments; segment++)
        {
            _segments[segment] = range.Slice((long)room * _shard.RangeBytesPerToken(firstSegment, segment - firstSegment),
                (long)room * _shard.SegmentBytesPerToken(segment));
        }
    }

    /// <summary>Between the cache and contiguous pages of the host, tile by tile.</summary>
    private void Copy(PinnedPages staging, DeviceCopyKind kind, int tokens)
    {
        for (var segment = 0; segment < _shard.Segments; segment++)
        {
            var bytes = _shard.SegmentBytesPerToken(segment);
            var host = staging.Address + (ulong)_shard.SegmentOffset(segment, _tokens);
            for (var token = 0; token < tokens;)
            {
                var tile = Kv.GetTile(segment, token, tokens - token);
                var at = host + (ulong)(token * bytes);
                var (source, target) = kind == DeviceCopyKind.HostToDevice ? (at, tile.Memory.Address) : (tile.Memory.Address, at);
                _stream.Copy(new DeviceCopy(kind, source, target, (long)tile.Tokens * bytes));
                token += tile.Tokens;
            }
        }

        Wait();
    }

    private void Wait()
    {
        using var mark = _stream.Record();
        mark.Wait();
    }
}
