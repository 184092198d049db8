namespace PrefixCache.Samples.Llama.Model;

/// <summary>Llama 3's frequency scaling: long wavelengths are stretched, short ones kept, those between blended.</summary>
/// <param name="Factor">How far long wavelengths are stretched.</param>
/// <param name="LowFrequencyFactor">Wavelengths above <c>original / low</c> positions are stretched whole.</param>
/// <param name="HighFrequencyFactor">Wavelengths below <c>original / high</c> positions are kept.</param>
/// <param name="OriginalMaxPositions">Positions that the model was trained for before stretching.</param>
public sealed record Llama3RopeScaling(
    double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions)
{
    /// <summary>Scales one inverse frequency.</summary>
    public float Apply(float inverseFrequency)
    {
        double wavelength = 2 * Math.PI / inverseFrequency;
        if (wavelength < OriginalMaxPositions / HighFrequencyFactor) return inverseFrequency;
        if (wavelength > OriginalMaxPositions / LowFrequencyFactor) return (float)(inverseFrequency / Factor);
        double smooth = (OriginalMaxPositions / wavelength - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (float)((1 - smooth) * inverseFrequency / Factor + smooth * inverseFrequency);
    }

    internal void Validate()
    {
        if (!(Factor >= 1) || !(LowFrequencyFactor > 0) || !(HighFrequencyFactor > LowFrequencyFactor) || OriginalMaxPositions < 1)
        {
            throw new LlamaException("rope_scaling of type llama3 needs factor >= 1, 0 < low_freq_factor < high_freq_factor and "
                + $"original_max_position_embeddings >= 1; "
                + $"got {Factor}, {LowFrequencyFactor}, {HighFrequencyFactor}, {OriginalMaxPositions}.");
        }
    }
}
