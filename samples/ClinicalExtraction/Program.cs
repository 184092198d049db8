using PrefixCache.Samples.ClinicalExtraction.CommandLine;

return ExtractionCommand.Invoke(args);
