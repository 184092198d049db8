using System.Buffers;
using System.Runtime.CompilerServices;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc.Client;

/// <summary>The responses of a call on the client, read from the HTTP client's stream.</summary>
/// <remarks>
/// Small things pass through one pooled buffer; payload goes from the HTTP client straight into its destination. The buffer is given back
/// at the regular end only: on any other end a read may still be running into it, and the collector takes it.
/// </remarks>
internal sealed class ResponseMessageSource(ClientCall call) : MessageSource
{
    private const int InitialBufferBytes = 16 << 10;

    private Stream? _stream;
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public override ReadOnlySequence<byte> Buffered => new(_buffer, _start, _end - _start);

    public override StatusCode BadMessageStatus => StatusCode.Internal;

    public override ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken) =>
        _end - _start >= count ? new ValueTask<bool>(true) : FillSlowAsync(count, cancellationToken);

    public override void Consume(int count)
    {
        _start += count;
        if (_start == _end)
            _start = _end = 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (_end > _start)
        {
            var count = Math.Min(destination.Length, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(destination.Span);
            Consume(count);
            return count;
        }

        return await ReadStreamAsync(destination, cancellationToken);
    }

    public override ValueTask EndAsync()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
        return call.Finish() is { } refusal ? ValueTask.FromException(refusal) : ValueTask.CompletedTask;
    }

    public override ValueTask<RpcException> TruncatedAsync() =>
        new(call.Finish() ?? new RpcException(StatusCode.Internal, "Incomplete message: the response ended inside a frame."));

    public override RpcException Compressed() =>
        new(StatusCode.Internal, "The server sent a compressed message although only identity was offered.");

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FillSlowAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            var read = await ReadStreamAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                return false;
            _end += read;
        }

        return true;
    }

    // Grows with what has arrived, not with what the frame header announces.
    private void MakeRoom(int count)
    {
        if (_start > 0 && _buffer.Length - _start < count)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end < _buffer.Length)
            return;
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(InitialBufferBytes, _buffer.Length * 2));
        _buffer.AsSpan(_start, _end - _start).CopyTo(grown);
        (_end, _start) = (_end - _start, 0);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = grown;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadStreamAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        using var registration = call.CancelWith(cancellationToken);
        try
        {
            _stream ??= await call.ResponseStream;
            return await _stream.ReadAsync(destination, call.Token);
        }
        catch (Exception fault)
        {
            throw call.Fail(fault);
        }
    }
}
