namespace PrefixCache.Cli.Plan.Configs;

/// <summary>A config.json that no shapes follow from; the message names the field.</summary>
internal sealed class ModelConfigException(string message) : Exception(message);
