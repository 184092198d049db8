namespace PrefixCache.Format.SharedMemory;

/// <summary>Byte layout of a control region: a header, then the block table. All numbers are little-endian.</summary>
/// <remarks>
/// The node writes it and never reads it back; workers map it read-only. A reader of an entry loads the generation (acquire), rejects an
/// odd one, reads the fields, copies the payload, issues a full fence and loads the generation again: if it differs, what was read
/// counts as a miss. The major version changes when an old reader would misread the region, the minor one when fields are added
/// in reserved bytes.
/// </remarks>
public static class ControlRegionLayout
{
    /// <summary>The bytes <c>PFXCTRL1</c>, read as a little-endian u64.</summary>
    public const ulong Magic = 0x314C_5254_4358_4650;

    /// <summary>Major version that this build writes and reads.</summary>
    public const uint VersionMajor = 1;

    /// <summary>Minor version that this build writes.</summary>
    public const uint VersionMinor = 0;

    /// <summary>u64, <see cref="Magic"/>. Written last, with release: a region without it is not ready.</summary>
    public const int MagicOffset = 0;

    /// <summary>u32, major version.</summary>
    public const int VersionMajorOffset = 8;

    /// <summary>u32, minor version.</summary>
    public const int VersionMinorOffset = 12;

    /// <summary>16 bytes, id of the payload arena that the table describes, in the byte order of its text form (RFC 9562).</summary>
    public const int ArenaIdOffset = 16;

    /// <summary>u64, bytes in the payload arena.</summary>
    public const int ArenaBytesOffset = 32;

    /// <summary>u64, where the block table begins, in bytes from the region's start.</summary>
    public const int TableOffsetOffset = 40;

    /// <summary>u32, bytes from entry to entry.</summary>
    public const int EntrySizeOffset = 48;

    /// <summary>u32, entries in the table.</summary>
    public const int EntryCountOffset = 52;

    /// <summary>Bytes before the table, one page: reserved ones are zero.</summary>
    public const int HeaderSize = 4096;

    /// <summary>Bytes of an entry: one cache line, so that no two entries share one.</summary>
    public const int EntrySize = 64;

    /// <summary>u64 in an entry: generation. Odd = free or being written, even = published. Never goes back.</summary>
    public const int GenerationOffset = 0;

    /// <summary>u64 in an entry: where the block begins, in bytes from the arena's start.</summary>
    public const int BlockOffsetOffset = 8;

    /// <summary>u64 in an entry: bytes of the block in use.</summary>
    public const int BlockLengthOffset = 16;

    /// <summary>u64 in an entry: XXH3-64 over the segments' checksums, 0 while the block is not sealed.</summary>
    public const int ChecksumOffset = 24;

    /// <summary>u32 in an entry: tokens that the block holds.</summary>
    public const int TokensOffset = 32;

    /// <summary>u32 in an entry: segments that the block holds. The rest of the entry is reserved and zero.</summary>
    public const int SegmentsOffset = 36;

    /// <summary>Generation of an entry that was never written.</summary>
    public const ulong InitialGeneration = 1;

    /// <summary>Bytes of a region with so many entries.</summary>
    /// <param name="entryCount">Entries, 0 or more.</param>
    public static long RegionBytes(int entryCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(entryCount);
        return HeaderSize + ((long)entryCount * EntrySize);
    }

    /// <summary>Where an entry begins, in bytes from the region's start.</summary>
    /// <param name="entry">Its number, counted from 0.</param>
    public static long EntryOffset(int entry) => HeaderSize + ((long)entry * EntrySize);
}
