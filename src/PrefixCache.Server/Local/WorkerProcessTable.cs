using PrefixCache.Core;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Core.Sharing;

namespace PrefixCache.Server.Local;

/// <summary>The processes that hold an arena, each watched until it is dead. Thread-safe; owns the watch.</summary>
internal sealed class WorkerProcessTable(CacheNode node) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, (ProcessHandle Handle, WorkerProcess Process)> _byId = [];
    private readonly ProcessWatch _watch = new();

    /// <summary>The object that stands for a process as long as it lives, whatever its sessions. Takes the handle over.</summary>
    public WorkerProcess Find(ProcessHandle handle)
    {
        lock (_gate)
        {
            // A number that a dead process had may be another's before its end was noticed.
            if (_byId.TryGetValue(handle.Id, out var known) && !known.Handle.IsDead)
            {
                handle.Dispose();
                return known.Process;
            }

            var process = new WorkerProcess(handle.Id);
            _byId[handle.Id] = (handle, process);
            _watch.Add(handle, () => Ended(handle, process));
            return process;
        }
    }

    public void Dispose() => _watch.Dispose();

    private void Ended(ProcessHandle handle, WorkerProcess process)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(handle.Id, out var known) && known.Process == process) _byId.Remove(handle.Id);
        }

        node.Sharing.Ended(process);
    }
}
