using PrefixCache.Samples.RagPipeline.CommandLine;

return new RagProgram().Invoke(args);
