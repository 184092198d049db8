using PrefixCache.Client;
using PrefixCache.Format.Layouts;

namespace PrefixCache.TestWorker;

/// <summary>One of many workers whose prompts begin alike: waits for what others compute, computes the rest, stores it.</summary>
/// <param name="shared">Tokens that all prompts begin with.</param>
/// <param name="number">Tells its note from all others.</param>
public sealed class HerdWorker(PrefixCacheClient client, KvLayout layout, int shared, int number)
{
    public const int ChunkTokens = 256;

    private const int NoteTokens = 100;

    /// <summary>Called where the worker computes from token 0 on and has stored half of it; it does nothing from then on.</summary>
    public Func<Task>? HalfWay { get; init; }

    /// <exception cref="InvalidDataException">A byte that was served is not what the model computes.</exception>
    public async Task<HerdCounts> WorkAsync()
    {
        int[] tokens = [.. TestKv.Tokens(shared), .. TestKv.Tokens(NoteTokens, 1000 + number)];
        await using var reservation = await client.AcquireAsync(layout, tokens);
        var hit = reservation.HitTokens;
        var memory = new byte[layout.Shapes[0].PayloadBytes(tokens.Length)];
        if (hit > 0) await LoadAsync(reservation, tokens, memory);
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), tokens.Length);
        if (HalfWay is not null && hit == 0)
        {
            await reservation.StoreAsync(source, new TransferOptions { EndToken = shared / 2 / ChunkTokens * ChunkTokens });
            await HalfWay();
            await Task.Delay(Timeout.Infinite);
        }

        var stored = await reservation.StoreAsync(source, new TransferOptions { FirstToken = hit });
        if (stored.Refused > 0) throw new InvalidDataException($"{stored.Refused} chunks were refused.");
        return new HerdCounts(Math.Max(shared - hit, 0), tokens.Length - Math.Max(hit, shared), hit);
    }

    private async Task LoadAsync(PrefixReservation reservation, int[] tokens, byte[] memory)
    {
        var loaded = await reservation.RetrieveAsync(TestKv.Memory(layout, memory, tokens.Length));
        if (loaded.Tokens != reservation.HitTokens)
            throw new InvalidDataException($"{loaded.Tokens} of {reservation.HitTokens} tokens came.");
        if (TestKv.FindDifference(layout, tokens, memory, 0, loaded.Tokens) is { } segment)
            throw new InvalidDataException($"Segment {segment} is not what was stored.");
    }
}
