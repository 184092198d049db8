using PrefixCache.Samples.ClinicalExtraction.CommandLine;

return new ExtractionProgram().Invoke(args);
