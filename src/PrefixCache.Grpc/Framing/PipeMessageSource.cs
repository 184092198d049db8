using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace PrefixCache.Grpc.Framing;

/// <summary>The request of a call on the server, read from Kestrel's pipe.</summary>
/// <remarks>
/// What a reader has not asked for stays unexamined, so that the HTTP/2 window closes behind a slow reader: Kestrel reopens it
/// for examined bytes, consumed or not.
/// </remarks>
internal sealed class PipeMessageSource(PipeReader pipe, IRequestFaults faults, TimeProvider clock) : MessageSource
{
    private ReadOnlySequence<byte> _buffer;
    private bool _holding;
    private bool _ended;
    private long _waitingSince;
    private long _waitedTicks;

    /// <summary>The request is one message: a client that takes its time over it holds memory for nothing.</summary>
    public bool IsSingle { get; set; }

    public override ReadOnlySequence<byte> Buffered => _buffer;

    public override StatusCode BadMessageStatus => StatusCode.InvalidArgument;

    public override ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken) =>
        _buffer.Length >= count ? new ValueTask<bool>(true) : FillSlowAsync(count, cancellationToken);

    public override void Consume(int count)
    {
        _buffer = _buffer.Slice(count);
        if (!_buffer.IsEmpty)
            return;
        try
        {
            Advance();
        }
        catch (Exception fault)
        {
            throw faults.Translate(fault);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (_buffer.IsEmpty && !await FillSlowAsync(1, cancellationToken))
            return 0;
        var count = (int)Math.Min(destination.Length, _buffer.Length);
        _buffer.Slice(0, count).CopyTo(destination.Span);
        Consume(count);
        return count;
    }

    public override ValueTask EndAsync() => ValueTask.CompletedTask;

    public override ValueTask<RpcException> TruncatedAsync() =>
        new(new RpcException(StatusCode.Internal, "Incomplete message: the request ended inside a frame."));

    public override RpcException Compressed() => faults.Compressed();

    /// <summary>
    /// Whether a single request made its reader wait for longer than it may, all waits together: one byte a second is no progress.
    /// </summary>
    public bool IsOverdue(TimeSpan timeout)
    {
        var since = Volatile.Read(ref _waitingSince);
        return since != 0 && clock.GetElapsedTime(since).Ticks + Volatile.Read(ref _waitedTicks) >= timeout.Ticks;
    }

    /// <summary>Gives what is buffered back to the pipe at the call's end; false where the client has reset the stream.</summary>
    public bool Release()
    {
        try
        {
            Advance();
            return true;
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client has reset the stream: Kestrel takes its buffers back by itself.
            return false;
        }
    }

    // Every read needs exactly one advance. It throws where the client has reset the stream since.
    private void Advance()
    {
        if (!_holding)
            return;
        _holding = false;
        var end = _buffer.End;
        _buffer = default;
        pipe.AdvanceTo(end);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FillSlowAsync(int count, CancellationToken cancellationToken)
    {
        try
        {
            while (!_ended)
            {
                if (_holding)
                {
                    _holding = false;
                    pipe.AdvanceTo(_buffer.Start, _buffer.End);
                    _buffer = default;
                }

                var read = pipe.ReadAsync(cancellationToken);
                var result = IsSingle && !read.IsCompleted ? await WaitAsync(read) : await read;
                _holding = true;
                _buffer = result.Buffer;
                _ended = result.IsCompleted;
                if (result.IsCanceled)
                    throw new OperationCanceledException("The read was cancelled by the server.");
                if (_buffer.Length >= count)
                    return true;
            }

            return false;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw faults.Translate(fault);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        var started = clock.GetTimestamp();
        Volatile.Write(ref _waitingSince, started);
        try
        {
            return await read;
        }
        finally
        {
            Volatile.Write(ref _waitingSince, 0);
            Volatile.Write(ref _waitedTicks, _waitedTicks + clock.GetElapsedTime(started).Ticks);
        }
    }
}
