using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Replay.Recording;

/// <summary>Writes a line for every lookup into a file that <c>prefixcache replay</c> reads; no token is in it.</summary>
/// <remarks>
/// Lookups hand over a reference to their tokens and go on; one task in the background hashes and writes. Where it falls behind, lookups
/// are dropped and counted, in the log and in the record itself. Thread-safe. Every start of a node appends to the file, which its owner
/// alone may read; it may be cut to nothing while the node runs (logrotate's <c>copytruncate</c>).
/// </remarks>
public sealed partial class LookupRecorder : IAsyncDisposable
{
    /// <summary>Lookups that may wait.</summary>
    private const int MaxWaiting = 4096;

    /// <summary>Tokens that they may keep in memory: 4 bytes each.</summary>
    private const int MaxWaitingTokens = 4 << 20;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan LogPeriod = TimeSpan.FromMinutes(1);

    private readonly Channel<Entry> _waiting = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly RecordKeys _keys = new();
    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _writing;
    private int _waitingTokens;
    private long _dropped;
    private int _isEnded;

    /// <param name="path">The file, made where there is none.</param>
    /// <param name="incarnation">The node's.</param>
    /// <exception cref="IOException">The file cannot be opened or written.</exception>
    /// <exception cref="UnauthorizedAccessException">This process may not.</exception>
    public LookupRecorder(string path, Guid incarnation, ILogger logger, TimeProvider? time = null)
    {
        (_logger, _time) = (logger, time ?? TimeProvider.System);
        _file = Open(path);
        try
        {
            WriteHeader(incarnation);
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Lookups that are not in the record because the writer was behind, or because the file failed.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Notes an answered lookup. Never waits.</summary>
    /// <param name="tokens">Those that were looked up; the caller keeps its reference.</param>
    public void Record(in LookupQuery query, TokenBuffer tokens, in LookupAnswer answer)
    {
        if (Interlocked.Add(ref _waitingTokens, tokens.Count) <= MaxWaitingTokens)
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            if (_waiting.Writer.TryWrite(new Entry(now, query, tokens.Retain(), answer.HitTokens, !answer.IsNew))) return;
            tokens.Dispose();
        }

        Interlocked.Add(ref _waitingTokens, -tokens.Count);
        Interlocked.Increment(ref _dropped);
    }

    /// <summary>Writes what waits, then closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) != 0) return;
        _waiting.Writer.Complete();
        await _writing;
        await _file.DisposeAsync();
    }

    private static FileStream Open(string path)
    {
        // The mode of a device would be changed for the whole machine.
        var target = (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(path);
        if (target.StartsWith("/dev/", StringComparison.Ordinal) && !target.StartsWith("/dev/shm/", StringComparison.Ordinal))
            throw new IOException($"{path} is a device: name a file for the record.");
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        var file = new FileStream(path, options);
        try
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);

            // The framework counts where it writes; the kernel must append, or a rotated file would begin with a hole, and two nodes write
            // over each other.
            if (LibC.FileControl(file.SafeFileHandle, LibC.SetFlags, LibC.Append) != 0) throw PosixException.FromLastCall("fcntl(F_SETFL)");
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void WriteHeader(Guid incarnation)
    {
        // A node that was killed may have left a line without its end; an empty line does no harm.
        var end = _file.Length > 0 ? "\n" : "";
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _file.Write(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{end}{{\"{RecordLine.Version}\":{RecordLine.CurrentVersion},\"{RecordLine.Incarnation}\":\"{incarnation}\","
            + $"\"{RecordLine.Timestamp}\":{now}}}\n")));
    }

    private async Task WriteAsync()
    {
        var page = new RecordPage(_keys);
        var (told, logged, lastLogged) = (0L, 0L, _time.GetTimestamp());
        Exception? failure = null;
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (!page.IsFull && _waiting.Reader.TryRead(out var entry))
            {
                using (entry.Tokens)
                {
                    if (failure is null) page.Add(entry);
                    else Interlocked.Increment(ref _dropped);
                }

                Interlocked.Add(ref _waitingTokens, -entry.Tokens.Count);
            }

            var dropped = Dropped;
            if (dropped > told) page.AddDropped(dropped - told);
            told = dropped;
            failure ??= await TryWriteAsync(page);
            page.Clear();
            if (dropped == logged || _time.GetElapsedTime(lastLogged) < LogPeriod) continue;
            LogDropped(_logger, dropped - logged);
            (logged, lastLogged) = (dropped, _time.GetTimestamp());
        }

        if (Dropped > told && failure is null)
        {
            page.AddDropped(Dropped - told);
            await TryWriteAsync(page);
        }

        if (Dropped > logged) LogDropped(_logger, Dropped - logged);
    }

    /// <summary>The node serves on without its record: it is no part of what workers rely on.</summary>
    private async Task<Exception?> TryWriteAsync(RecordPage page)
    {
        try
        {
            await _file.WriteAsync(page.Written);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogFailed(_logger, _file.Name, exception.Message);
            return exception;
        }
    }

    [LoggerMessage(30, LogLevel.Warning, "{Count} lookups are missing in the record: its writer fell behind or its file failed")]
    private static partial void LogDropped(ILogger logger, long count);

    [LoggerMessage(31, LogLevel.Warning, "The record {Path} cannot be written, nothing more is recorded until the node starts again: {Reason}")]
    private static partial void LogFailed(ILogger logger, string path, string reason);

    /// <summary>A lookup on its way to the file. Owns a reference to its tokens.</summary>
    internal readonly record struct Entry(long Time, LookupQuery Query, TokenBuffer Tokens, int HitTokens, bool IsRepeat);
}
