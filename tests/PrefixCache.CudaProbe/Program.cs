using PrefixCache.CudaProbe;
using PrefixCache.CudaProbe.Checks;
using PrefixCache.Format.Devices;

// Checks of the CUDA binding in a process of its own, with whichever libcuda.so.1 the process finds: a real driver or the look-alike.
// The argument names a check; `all` = those that a real device passes too. The exit code is 0 when all of it held.
Dictionary<string, Action> both = new()
{
    ["calls"] = CallChecks.Run,
    ["copies"] = CopyChecks.Run,
    ["registrations"] = RegistrationChecks.Run,
    ["shares"] = ShareChecks.Run,
    ["rounds"] = RoundChecks.Run,
    ["threads"] = RoundChecks.RunThreads,
    ["errors"] = ErrorChecks.Run,
};
Dictionary<string, Action> others = new()
{
    ["speed"] = SpeedFigures.Print,
    ["share-child"] = () => ShareChild.Run(args[1], args[2], Guid.Parse(args[3])),
    ["no-driver"] = ErrorChecks.RunWithoutDriver,
    ["old-driver"] = ErrorChecks.RunWithOldDriver,
    ["no-device"] = ErrorChecks.RunWithoutDevice,
    ["legacy"] = ErrorChecks.RunLegacy,
    ["faults"] = FaultChecks.Run,
};
try
{
    if (args[0] == "all")
    {
        foreach (var (name, check) in both)
        {
            check();
            Console.WriteLine($"{name}: passed");
        }
    }
    else
    {
        (both.GetValueOrDefault(args[0]) ?? others[args[0]])();
    }

    return 0;
}
catch (Exception exception) when (exception is ExpectationException or DeviceException)
{
    Console.Error.WriteLine(exception);
    return 1;
}
