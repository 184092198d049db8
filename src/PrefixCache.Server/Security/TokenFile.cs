using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace PrefixCache.Server.Security;

/// <summary>Bearer tokens and the tenants that each names, from a file. Read once, at start.</summary>
/// <remarks>
/// A line is a token, then, after white space, the tenants separated by commas; without them the tenant is `default`. The word `read-only`
/// behind the tenants makes sessions that never store, the word `admin` opens the admin address. Empty lines and lines that start with # do not count. Tokens are kept and compared
/// as SHA-256, so that the time of a comparison tells nothing of them.
/// </remarks>
internal sealed class TokenFile
{
    private const string Scheme = "Bearer ";
    private const int MinTokenLength = 16;
    private const string ReadOnly = "read-only";
    private const string Admin = "admin";

    private readonly FrozenDictionary<string, Credential> _byHash;

    private TokenFile(FrozenDictionary<string, Credential> byHash) => _byHash = byHash;

    /// <exception cref="Options.NodeOptionsException">The file cannot be read or has faulty lines; the message holds no token.</exception>
    public static TokenFile Read(string path)
    {
        var faults = new List<string>();
        var credentials = new Dictionary<string, Credential>();
        try
        {
            var number = 0;
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (Parse(line.Trim(), credentials) is { } fault) faults.Add($"token-file: line {number}: {fault}");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            faults.Add($"token-file: {exception.Message}");
        }

        if (faults.Count == 0 && credentials.Count == 0) faults.Add("token-file: there is no token in it: write one a line");
        return faults.Count == 0 ? new TokenFile(credentials.ToFrozenDictionary()) : throw new Options.NodeOptionsException(faults);
    }

    /// <summary>Every tenant that some token names.</summary>
    public IReadOnlyList<string> Tenants =>
        [.. _byHash.Values.SelectMany(credential => credential.Tenants).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The token of an authorization header; false when it has none.</summary>
    public static bool TryReadBearer(string? header, out string token)
    {
        var isBearer = header?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true;
        token = isBearer ? header![Scheme.Length..].Trim() : "";
        return isBearer;
    }

    public Credential? Find(string token) => _byHash.GetValueOrDefault(Hash(token));

    private static string? Parse(string line, Dictionary<string, Credential> credentials)
    {
        if (line.Length == 0 || line.StartsWith('#')) return null;
        var parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (rest, readOnly, admin) = (parts.Length == 2 ? parts[1] : "", false, false);
        while (true)
        {
            if (TryTakeWord(ref rest, ReadOnly)) readOnly = true;
            else if (TryTakeWord(ref rest, Admin)) admin = true;
            else break;
        }

        if (parts[0].Length < MinTokenLength) return $"the token has {parts[0].Length} characters: use at least {MinTokenLength}";
        var tenants = rest.Length == 0 ? [Credential.DefaultTenant]
            : rest.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (tenants.Length == 0) return "no tenant is named: write their names, separated by commas, or nothing";
        if (tenants.FirstOrDefault(
            tenant => Encoding.UTF8.GetByteCount(tenant) > 256) is not null) return "a tenant's name has over 256 bytes";
        return credentials.TryAdd(Hash(parts[0]), new Credential(tenants) { IsReadOnly = readOnly, IsAdmin = admin })
            ? null
            : "the token stands in the file twice";
    }

    /// <summary>Takes a word from the end of a line.</summary>
    private static bool TryTakeWord(ref string rest, string word)
    {
        var before = rest.Length - word.Length;
        if (!rest.EndsWith(word, StringComparison.Ordinal) || (before > 0 && !char.IsWhiteSpace(rest[before - 1]))) return false;
        rest = rest[..before].TrimEnd();
        return true;
    }

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
