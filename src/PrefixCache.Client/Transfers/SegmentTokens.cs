namespace PrefixCache.Client.Transfers;

/// <summary>Some tokens of one segment.</summary>
/// <param name="Segment">Segment of the shard.</param>
/// <param name="First">First token, counted in the sequence.</param>
/// <param name="Count">Number of tokens.</param>
/// <param name="BytesPerToken">Bytes of a token in the segment.</param>
internal readonly record struct SegmentTokens(int Segment, int First, int Count, int BytesPerToken)
{
    public int Bytes => checked(Count * BytesPerToken);
}
