using System.IO.Compression;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>Reads a file line by line as bytes; a name that ends in `.gz` is unpacked on the way.</summary>
internal sealed class TraceLines : IDisposable
{
    private readonly FileStream _file;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[1 << 20];
    private int _start;
    private int _end;
    private bool _isAtEnd;

    public TraceLines(string path)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        _stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(_file, CompressionMode.Decompress) : _file;
    }

    /// <summary>Number of the line that was read last, from 1 on.</summary>
    public int Number { get; private set; }

    /// <summary>Part of the file that is read, 0 to 1. A pipe has no length: 0 until its end.</summary>
    public double Done => _isAtEnd ? 1 : _file.CanSeek && _file.Length > 0 ? (double)_file.Position / _file.Length : 0;

    /// <summary>The next line without its end, valid until the next call. False at the end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        for (var searched = 0; ;)
        {
            var waiting = _buffer.AsSpan(_start.._end);
            var length = waiting[searched..].IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = waiting[..(searched + length)];
                _start += searched + length + 1;
                Number++;
                return true;
            }

            searched = waiting.Length;
            if (!_isAtEnd)
            {
                Fill();
                continue;
            }

            line = waiting;
            _start = _end;
            if (line.Length > 0) Number++;
            return line.Length > 0;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _file.Dispose();
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _isAtEnd = read == 0;
    }
}
