using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace PrefixCache.Server.Options;

/// <summary>Reads options from a JSON file, the environment and given values; the later of these wins.</summary>
public static partial class NodeOptionsLoader
{
    private const string EnvironmentPrefix = "PREFIXCACHE_";

    /// <param name="file">JSON object with options by name; null = none.</param>
    /// <param name="values">By name, from the command line.</param>
    /// <param name="readEnvironment">Whether PREFIXCACHE_* variables count.</param>
    /// <exception cref="NodeOptionsException">Every fault at once: unknown names, unreadable values, values that do not go
    /// together.</exception>
    public static PrefixCacheNodeOptions Load(string? file, IReadOnlyDictionary<string, string> values, bool readEnvironment = true)
    {
        var faults = new List<string>();
        var builder = new ConfigurationBuilder();
        if (file is not null && !File.Exists(file)) throw new NodeOptionsException([$"{file}: there is no such file"]);
        if (file is not null) builder.AddJsonFile(Path.GetFullPath(file), optional: false);
        var layers = new List<(string Source, IEnumerable<KeyValuePair<string, string?>> Values)>();
        try
        {
            if (file is not null) layers.Add((file, FileValues(builder.Build(), file, faults)));
        }
        catch (Exception exception) when (
            exception is IOException or InvalidDataException or FormatException or UnauthorizedAccessException)
        {
            faults.Add($"{file}: {exception.GetBaseException().Message}");
        }

        if (readEnvironment)
        {
            var environment = new ConfigurationBuilder().AddEnvironmentVariables(EnvironmentPrefix).Build();
            layers.Add(("environment", environment.AsEnumerable().Select(pair => KeyValuePair.Create(OptionName(pair.Key), pair.Value))
                .Where(pair => !ServiceLink().IsMatch(pair.Key))));
        }

        layers.Add(("command line", values.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))));
        var options = new PrefixCacheNodeOptions();
        foreach (var (source, pairs) in layers)
            foreach (var (name, value) in pairs) options = Apply(options, source, name, value ?? "", faults);

        faults.AddRange(NodeOptionsValidator.Validate(options));
        return faults.Count == 0 ? options : throw new NodeOptionsException(faults);
    }

    private static PrefixCacheNodeOptions Apply(
        PrefixCacheNodeOptions options, string source, string name, string value, List<string> faults)
    {
        if (NodeOptionTable.All.FirstOrDefault(option => option.Name == name) is not { } option)
        {
            faults.Add($"{source}: there is no option '{name}'");
            return options;
        }

        var (applied, fault) = option.Apply(value, options);
        if (fault is not null) faults.Add($"{source}: {name}: {fault}");
        return applied;
    }

    /// <summary>A list in the file is the same as its items with commas.</summary>
    private static List<KeyValuePair<string, string?>> FileValues(IConfiguration configuration, string file, List<string> faults)
    {
        var values = new List<KeyValuePair<string, string?>>();
        foreach (var section in configuration.GetChildren())
        {
            var items = section.GetChildren().ToList();
            if (items.Any(item => item.Value is null || !int.TryParse(item.Key, out _)))
            {
                var known = NodeOptionTable.All.Any(option => option.Name == section.Key);
                faults.Add(known ? $"{file}: {section.Key}: an object is no value" : $"{file}: there is no option '{section.Key}'");
            }
            else
            {
                values.Add(KeyValuePair.Create(
                    section.Key, items.Count > 0 ? string.Join(',', items.Select(item => item.Value)) : section.Value));
            }
        }

        return values;
    }

    private static string OptionName(string key) => key.Replace('_', '-').ToLowerInvariant();

    /// <summary>What Kubernetes puts into every pod beside a service named `prefixcache`: addresses, no options.</summary>
    [GeneratedRegex(@"^(service-host|service-port(-.+)?|port(-\d+-(tcp|udp|sctp)(-(addr|port|proto))?)?)$")]
    private static partial Regex ServiceLink();
}
