namespace PrefixCache.Format.Native.Cuda;

/// <summary>A context that is the calling thread's until this is disposed: on the same thread, without an await between.</summary>
internal readonly ref struct CudaScope
{
    /// <param name="isEntered">The context was pushed.</param>
    public CudaScope(bool isEntered) => IsEntered = isEntered;

    /// <summary>False = the context has died, and what it had with it.</summary>
    public bool IsEntered { get; }

    /// <summary>Gives the thread back what it had. Failing says only that the context has died.</summary>
    public void Dispose()
    {
        if (IsEntered) _ = LibCuda.CtxPopCurrent(out _);
    }
}
