namespace PrefixCache.Server.Admin;

/// <summary>A page of the admin address.</summary>
/// <param name="WantsToken">Beyond loopback.</param>
internal sealed record AdminPage(bool WantsToken, Func<AdminAnswer> Answer);
