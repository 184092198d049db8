using System.CommandLine;
using PrefixCache.Server.Options;

namespace PrefixCache.Cli.Serve;

/// <summary>`prefixcache serve`: one option per entry of the node's option table.</summary>
internal static class ServeCommand
{
    private const string Description = """
        Runs a node until it is told to stop (SIGTERM, SIGINT).

        Options may stand in a JSON file (--config), in PREFIXCACHE_* environment variables and here; the later of these wins.

        Examples:
          prefixcache serve
          prefixcache serve --capacity 64GiB --socket /run/prefixcache.sock
          prefixcache serve --redis redis.example:6379 --redis-password-file /etc/prefixcache/redis
          prefixcache serve --listen 0.0.0.0:7420 --token-file /etc/prefixcache/tokens
          PREFIXCACHE_CAPACITY=8GiB prefixcache serve --config node.json
        """;

    public static Command Create()
    {
        var command = new Command("serve", Description);
        var config = new Option<string?>("--config")
        {
            Description = "JSON file with options by name: { \"capacity\": \"64GiB\" }.",
            HelpName = "file",
        };
        command.Add(config);
        var options = NodeOptionTable.All.ToDictionary(option => option.Name, ToOption);
        foreach (var option in options.Values) command.Add(option);
        command.SetAction((parsed, _) =>
        {
            var values = options.Where(pair => parsed.GetValue(pair.Value) is not null)
                .ToDictionary(pair => pair.Key, pair => parsed.GetValue(pair.Value)!);
            return ServeProgram.RunAsync(parsed.GetValue(config), values);
        });
        return command;
    }

    private static Option<string?> ToOption(NodeOption option) => new("--" + option.Name)
    {
        Description = $"{option.Effect} [default: {(option.Default.Length == 0 ? "none" : option.Default)}]",
        HelpName = option.Unit,
    };
}
