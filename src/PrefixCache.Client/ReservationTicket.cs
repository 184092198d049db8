using System.Text.Json;

namespace PrefixCache.Client;

/// <summary>
/// What a rank process needs to use a reservation that its scheduler looked up. Small; travels by whatever the engine has.
/// </summary>
/// <param name="Reservation">0 = there is none, and everything is a miss.</param>
/// <param name="LayoutId">Hex.</param>
/// <param name="HitTokens">Leading tokens that can be retrieved.</param>
/// <param name="TotalTokens">Tokens of the request.</param>
/// <param name="ChunkTokens">Tokens of a whole chunk.</param>
public sealed record ReservationTicket(ulong Reservation, string LayoutId, int HitTokens, int TotalTokens, int ChunkTokens)
{
    /// <summary>Leading tokens of the hit that are worth loading.</summary>
    public int LoadTokens { get; init; } = HitTokens;

    public override string ToString() => JsonSerializer.Serialize(this);

    /// <exception cref="FormatException">The text is no ticket.</exception>
    public static ReservationTicket Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<ReservationTicket>(text) ?? throw new FormatException("The ticket is empty.");
        }
        catch (JsonException exception)
        {
            throw new FormatException("The text is no reservation ticket.", exception);
        }
    }
}
