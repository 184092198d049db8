namespace PrefixCache.GrpcTests.Payloads;

/// <summary>Gives bytes out in pieces of given lengths, as a network may.</summary>
internal sealed class ChunkedStream(byte[] bytes, IReadOnlyList<int> pieces) : Stream
{
    private int _position;
    private int _piece;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var piece = pieces.Count == 0 ? bytes.Length : pieces[_piece++ % pieces.Count];
        var count = Math.Min(Math.Min(Math.Max(1, piece), buffer.Length), bytes.Length - _position);
        bytes.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Half of the reads complete later, so that both paths of the readers run.
        if (_piece % 2 == 0)
            await Task.Yield();
        return Read(buffer.Span);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
