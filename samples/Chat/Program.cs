using PrefixCache.Samples.Chat.CommandLine;

return new ChatProgram().Invoke(args);
