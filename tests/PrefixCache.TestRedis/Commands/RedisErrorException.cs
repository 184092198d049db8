namespace PrefixCache.TestRedis.Commands;

/// <summary>Redis answered a command with an error.</summary>
/// <param name="message">The error as Redis words it; its first word is the error's code, such as `OOM` or `MOVED`.</param>
public sealed class RedisErrorException(string message) : Exception(message)
{
    /// <summary>The first word of the message.</summary>
    public string Code => Message.Split(' ')[0];
}
