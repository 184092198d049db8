namespace PrefixCache.Core.Reservations;

/// <summary>Room for the tokens of one request while they are being read. Dispose once they have come, or will not.</summary>
public sealed class IncomingTokens : IDisposable
{
    private readonly LookupService _service;
    private int _count;

    internal IncomingTokens(LookupService service, int count) => (_service, _count) = (service, count);

    public void Dispose() => _service.Arrived(Interlocked.Exchange(ref _count, 0));
}
