using PrefixCache.Samples.Llama.CommandLine;

return LlamaCommand.Invoke(args);
