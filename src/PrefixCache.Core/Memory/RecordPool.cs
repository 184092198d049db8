using System.Runtime.InteropServices;

namespace PrefixCache.Core.Memory;

/// <summary>Private memory for what the node keeps of each chunk beside its payload: tokens, checksums.</summary>
/// <remarks>
/// Outside of the collector's heap, where the 1.5 KiB of an evicted chunk would stay until a full collection: a node that stores and evicts
/// took twice what its chunks need. Slabs of equal slots, one kind per 64 bytes; a slab's pages become resident as they are used, and an
/// empty slab goes back to the system. Owns the memory. Not thread-safe: the node's lock protects it.
/// </remarks>
internal sealed unsafe class RecordPool : IDisposable
{
    /// <summary>A slab is aligned to its size, so that a record's address names its slab.</summary>
    public const int SlabBytes = 1 << 20;

    private const int StepBytes = 64;

    private readonly Dictionary<nint, Slab> _slabs = [];
    private readonly Dictionary<int, List<Slab>> _withRoom = [];

    /// <summary>Records that are out.</summary>
    public int Count { get; private set; }

    public int SlabCount => _slabs.Count;

    /// <summary>Memory for a record, not cleared, aligned to 64 bytes.</summary>
    /// <param name="bytes">1 to <see cref="SlabBytes"/>.</param>
    public nint Take(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, SlabBytes);
        var slotBytes = (bytes + StepBytes - 1) / StepBytes * StepBytes;
        ref var withRoom = ref CollectionsMarshal.GetValueRefOrAddDefault(_withRoom, slotBytes, out _);
        withRoom ??= [];
        if (withRoom.Count == 0)
        {
            var made = new Slab((nint)NativeMemory.AlignedAlloc(SlabBytes, SlabBytes), slotBytes);
            _slabs.Add(made.Start, made);
            withRoom.Add(made);
        }

        var slab = withRoom[^1];
        var record = slab.Take();
        if (!slab.HasRoom) withRoom.RemoveAt(withRoom.Count - 1);
        Count++;
        return record;
    }

    /// <summary>Gives a record back. Once the pool is disposed there is nothing to give back.</summary>
    /// <param name="record">What <see cref="Take"/> returned.</param>
    public void Return(nint record)
    {
        if (!_slabs.TryGetValue(record & -SlabBytes, out var slab)) return;
        var withRoom = _withRoom[slab.SlotBytes];
        if (!slab.HasRoom) withRoom.Add(slab);
        slab.Return(record);
        Count--;

        // The last one stays, for the next record would ask for it again.
        if (slab.Used > 0 || withRoom.Count == 1) return;
        withRoom.Remove(slab);
        _slabs.Remove(slab.Start);
        NativeMemory.AlignedFree((void*)slab.Start);
    }

    public void Dispose()
    {
        foreach (var start in _slabs.Keys) NativeMemory.AlignedFree((void*)start);
        _slabs.Clear();
        _withRoom.Clear();
        Count = 0;
    }

    private sealed class Slab(nint start, int slotBytes)
    {
        /// <summary>Last slot given back; each of those holds the address of the one before it.</summary>
        private nint _free;

        /// <summary>First byte that no slot has had yet.</summary>
        private int _unused;

        public nint Start { get; } = start;

        public int SlotBytes { get; } = slotBytes;

        public int Used { get; private set; }

        public bool HasRoom => _free != 0 || _unused + SlotBytes <= SlabBytes;

        public nint Take()
        {
            Used++;
            var slot = _free;
            if (slot != 0)
            {
                _free = *(nint*)slot;
                return slot;
            }

            slot = Start + _unused;
            _unused += SlotBytes;
            return slot;
        }

        public void Return(nint slot)
        {
            *(nint*)slot = _free;
            _free = slot;
            Used--;
        }
    }
}
