using System.Diagnostics;
using System.Text.Json;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck.Copies;

/// <summary>Copies through the product's streams against plain ones of the same size, in a process of its own; rows as JSON.</summary>
internal sealed class CopyProgram : IDisposable
{
    private const int WarmUp = 3;

    private readonly KvPattern _pattern = KvPattern.Llama(1);
    private readonly CudaDevice _device;
    private readonly PlainCopy _plain;
    private readonly IDeviceStream _stream;
    private readonly PinnedPages _host;
    private readonly IDeviceMemory _source;
    private readonly IDeviceMemory _target;
    private readonly IDeviceMemory _spoilt;
    private readonly byte[] _content;
    private readonly int _rounds;

    private CopyProgram(CudaDevice device, int rounds)
    {
        (_device, _rounds) = (device, rounds);
        _plain = new PlainCopy(device);
        _stream = device.OpenStream();
        _host = new PinnedPages(device, _pattern.Bytes);
        _source = device.Allocate(_pattern.Bytes);
        _target = device.Allocate(_pattern.Bytes);
        _spoilt = device.Allocate(_pattern.Bytes);
        _content = new byte[_pattern.Bytes];
        _pattern.Fill(_content);
    }

    public static int Run(Guid device, int rounds)
    {
        using var opened = (CudaDevice)CudaDriver.Instance.Open(device);
        using var program = new CopyProgram(opened, rounds);
        foreach (var kind in Enum.GetValues<DeviceCopyKind>())
        {
            program.Print(kind, "one copy", program.Whole(kind));
            program.Print(kind, "rows of a hit", program.Rows(kind));
        }

        return 0;
    }

    public void Dispose()
    {
        _spoilt.Dispose();
        _target.Dispose();
        _source.Dispose();
        _host.Dispose();
        _stream.Dispose();
        _plain.Dispose();
    }

    private void Print(DeviceCopyKind kind, string shape, DeviceCopy[] copies)
    {
        List<double> times = [], plain = [];
        var name = kind switch
        {
            DeviceCopyKind.HostToDevice => "H2D",
            DeviceCopyKind.DeviceToHost => "D2H",
            _ => "D2D",
        };
        Prepare(kind);
        for (var round = -WarmUp; round < _rounds; round++)
        {
            var plainTime = _plain.Time(kind, SourceOf(kind), TargetOf(kind), _pattern.Bytes);
            var time = Time(copies);
            if (round < 0) continue;
            plain.Add(plainTime);
            times.Add(time);
        }

        // Once more into memory that has something else, so that what is compared has come this way.
        Spoil(kind);
        Time(copies);
        var row = IsRight(kind, copies)
            ? CheckRow.Speed($"{name} {shape}", _pattern.Bytes, times, plain, CopyBars.Of(kind), $"{copies.Length} calls")
            : CheckRow.Failed($"{name} {shape}", "The bytes are wrong.");
        Console.WriteLine(JsonSerializer.Serialize(row, CheckReport.Json));
    }

    private ulong SourceOf(DeviceCopyKind kind) => kind == DeviceCopyKind.HostToDevice ? _host.Address : _source.Address;

    private ulong TargetOf(DeviceCopyKind kind) => kind == DeviceCopyKind.DeviceToHost ? _host.Address : _target.Address;

    private DeviceCopy[] Whole(DeviceCopyKind kind) => [new DeviceCopy(kind, SourceOf(kind), TargetOf(kind), _pattern.Bytes)];

    /// <summary>Chunk by chunk, [segment][token of the chunk], into memory that has all tokens of a segment behind one another.</summary>
    private DeviceCopy[] Rows(DeviceCopyKind kind)
    {
        var (shape, chunk) = (_pattern.Shape, _pattern.Layout.ChunkTokens);
        var (bytes, copies) = (shape.SegmentBytesPerToken(0), new List<DeviceCopy>());
        for (var first = 0; first < _pattern.Tokens; first += chunk)
        {
            var tokens = Math.Min(chunk, _pattern.Tokens - first);
            var (from, to) = ((ulong)first * (ulong)shape.BytesPerToken, (ulong)first * (ulong)bytes);
            copies.Add(new DeviceCopy(kind, SourceOf(kind) + from, TargetOf(kind) + to, (long)tokens * bytes)
            {
                Rows = shape.Segments,
                SourcePitch = (long)tokens * bytes,
                DestinationPitch = (long)_pattern.Tokens * bytes,
            });
        }

        return [.. copies];
    }

    private double Time(DeviceCopy[] copies)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var copy in copies) _stream.Copy(copy);
        using var mark = _stream.Record();
        mark.Wait();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Puts the content at the source.</summary>
    private void Prepare(DeviceCopyKind kind)
    {
        _content.CopyTo(_host.Span);
        if (kind != DeviceCopyKind.HostToDevice) _plain.Time(DeviceCopyKind.HostToDevice, _host.Address, _source.Address, _content.Length);
    }

    /// <summary>Overwrites the target.</summary>
    private void Spoil(DeviceCopyKind kind)
    {
        if (kind == DeviceCopyKind.DeviceToHost) _host.Span.Fill(0xEE);
        else _plain.Time(DeviceCopyKind.DeviceToDevice, _spoilt.Address, _target.Address, _content.Length);
    }

    /// <summary>Compares every byte of the target with what the same copies make of the content on the host.</summary>
    private bool IsRight(DeviceCopyKind kind, DeviceCopy[] copies)
    {
        var expected = new byte[_content.Length];
        foreach (var copy in copies)
        {
            var (from, to) = ((long)(copy.Source - SourceOf(kind)), (long)(copy.Destination - TargetOf(kind)));
            for (var row = 0; row < copy.Rows; row++)
            {
                _content.AsSpan((int)(from + (row * copy.SourcePitch)), (int)copy.RowBytes)
                    .CopyTo(expected.AsSpan((int)(to + (row * copy.DestinationPitch))));
            }
        }

        if (kind != DeviceCopyKind.DeviceToHost) _plain.Time(DeviceCopyKind.DeviceToHost, _target.Address, _host.Address, _content.Length);
        return _host.Span.SequenceEqual(expected);
    }
}
