#include "lookalike.h"

static uint64_t handles = 0xA110C000;

static CUdevice current_device(void) { return stack[depth - 1]->device; }

/* Addresses that nobody can follow. */
static uint64_t reserve(size_t size) {
    void* at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? 0 : (uint64_t)(uintptr_t)at;
}

/* Gives an object the bytes of a memory file, a new one or one that came from elsewhere. */
static bool give_bytes(struct object* object, int fd) {
    object->fd = fd >= 0 ? fd : memfd_create("lookalike", MFD_CLOEXEC);
    if (object->fd < 0 || (fd < 0 && ftruncate(object->fd, (off_t)object->size) != 0)) return false;
    void* at = mmap(NULL, object->size, PROT_READ | PROT_WRITE, MAP_SHARED, object->fd, 0);
    if (at == MAP_FAILED) return false;
    object->bytes = at;
    return true;
}

EXPORT CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
    BEGIN(true);
    *total = memory_of_device();
    *free_bytes = *total - used[current_device()];
    return OK;
}

/* A new PHYSICAL or PLAIN of a device. */
static CUresult take(enum kind kind, uint64_t id, size_t size, CUdevice device, struct object** taken) {
    if (size > memory_of_device() - used[device]) return OUT_OF_MEMORY;
    struct object* object = add(kind, id, size);
    object->device = device;
    used[device] += size;
    if (!give_bytes(object, -1)) {
        drop(object);
        return OUT_OF_MEMORY;
    }
    *taken = object;
    return OK;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t size) {
    BEGIN(true);
    REQUIRE(size > 0);
    struct object* taken;
    const uint64_t at = reserve(size);
    CUresult code = take(PLAIN, at, size, current_device(), &taken);
    if (code) munmap((void*)(uintptr_t)at, size);
    else *address = at;
    return code;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
    BEGIN(true);
    struct object* plain = find(PLAIN, address);
    if (!plain) return WRONG(INVALID_VALUE, "0x%llx is not of cuMemAlloc", address);
    if (plain->users) report("cuMemFree_v2: a copy uses 0x%llx", address);
    munmap((void*)(uintptr_t)address, plain->size);
    drop(plain);
    return OK;
}

static CUresult check_properties(const Properties* properties) {
    const Properties expected = { .type = 1, .handle_types = 1, .location = { 1, properties->location.id } };
    REQUIRE(memcmp(properties, &expected, sizeof expected) == 0);
    REQUIRE(properties->location.id >= 0 && properties->location.id < device_count());
    return option("LOOKALIKE_LEGACY", 0) ? WRONG(NOT_SUPPORTED, "the device has no virtual memory") : OK;
}

EXPORT CUresult cuMemGetAllocationGranularity(size_t* granularity, const Properties* properties, int choice) {
    BEGIN(false);
    CUresult code = check_properties(properties);
    if (code) return code;
    REQUIRE(choice == 0 || choice == 1);
    *granularity = GRANULARITY;
    return OK;
}

EXPORT CUresult cuMemCreate(Handle* handle, size_t size, const Properties* properties, unsigned long long flags) {
    BEGIN(false);
    CUresult code = check_properties(properties);
    if (code) return code;
    REQUIRE(size > 0 && size % GRANULARITY == 0);
    REQUIRE(flags == 0);
    struct object* taken;
    code = take(PHYSICAL, ++handles, size, properties->location.id, &taken);
    if (!code) *handle = taken->id;
    return code;
}

EXPORT CUresult cuMemRelease(Handle handle) {
    BEGIN(false);
    struct object* physical = find(PHYSICAL, handle);
    if (!physical) return WRONG(INVALID_VALUE, "0x%llx is no allocation", handle);
    drop(physical);
    return OK;
}

EXPORT CUresult cuMemAddressReserve(CUdeviceptr* address, size_t size, size_t alignment, CUdeviceptr wish, unsigned long long flags) {
    BEGIN(false);
    REQUIRE(size > 0 && size % GRANULARITY == 0);
    REQUIRE((alignment & (alignment - 1)) == 0 && wish == 0 && flags == 0);
    *address = reserve(size);
    if (!*address) return OUT_OF_MEMORY;
    add(RANGE, *address, size);
    return OK;
}

EXPORT CUresult cuMemAddressFree(CUdeviceptr address, size_t size) {
    BEGIN(false);
    struct object* range = find(RANGE, address);
    if (!range || range->size != size) return WRONG(INVALID_VALUE, "0x%llx + %zu is not as it was reserved", address, size);
    REQUIRE(range->mapped == NULL);
    munmap((void*)(uintptr_t)address, size);
    drop(range);
    return OK;
}

EXPORT CUresult cuMemMap(CUdeviceptr address, size_t size, size_t offset, Handle handle, unsigned long long flags) {
    BEGIN(false);
    struct object *range = find(RANGE, address), *physical = find(PHYSICAL, handle);
    REQUIRE(range != NULL && physical != NULL);
    REQUIRE(range->mapped == NULL && range->size == size && offset == 0 && flags == 0);
    if (size != physical->size) return INVALID_VALUE;
    range->mapped = physical;
    physical->users++;
    return OK;
}

EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t size) {
    BEGIN(false);
    struct object* range = find(RANGE, address);
    REQUIRE(range != NULL && range->size == size && range->mapped != NULL);
    if (range->users) report("cuMemUnmap: a copy uses 0x%llx", address);
    let_go(range->mapped);
    range->mapped = NULL;
    range->has_access = false;
    return OK;
}

EXPORT CUresult cuMemSetAccess(CUdeviceptr address, size_t size, const Access* access, size_t count) {
    BEGIN(false);
    struct object* range = find(RANGE, address);
    REQUIRE(range != NULL && range->size == size && range->mapped != NULL);
    REQUIRE(count == 1 && access->location.type == 1 && access->flags == 3);
    REQUIRE(access->location.id >= 0 && access->location.id < device_count());
    range->has_access = true;
    return OK;
}

EXPORT CUresult cuMemExportToShareableHandle(void* descriptor, Handle handle, int kind, unsigned long long flags) {
    BEGIN(false);
    struct object* physical = find(PHYSICAL, handle);
    REQUIRE(physical != NULL && kind == 1 && flags == 0);
    const int copy = fcntl(physical->fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return INVALID_VALUE;
    *(int*)descriptor = copy;
    return OK;
}

EXPORT CUresult cuMemImportFromShareableHandle(Handle* handle, void* descriptor, int kind) {
    BEGIN(false);
    REQUIRE(kind == 1);
    REQUIRE((uintptr_t)descriptor <= INT32_MAX);
    struct stat status;
    const int copy = fcntl((int)(uintptr_t)descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0 || fstat(copy, &status) != 0 || status.st_size == 0 || (size_t)status.st_size % GRANULARITY != 0) {
        if (copy >= 0) close(copy);
        return INVALID_VALUE;
    }
    struct object* physical = add(PHYSICAL, ++handles, (size_t)status.st_size);
    physical->device = -1;
    if (!give_bytes(physical, copy)) {
        drop(physical);
        return INVALID_VALUE;
    }
    *handle = physical->id;
    return OK;
}

/* A handle says where the memory file can be opened, and what it is known by. */
struct ipc { char magic[8]; int pid, fd; uint64_t inode, size; };

EXPORT CUresult cuIpcGetMemHandle(IpcHandle* handle, CUdeviceptr address) {
    BEGIN(true);
    struct object* plain = find(PLAIN, address);
    if (!plain) return WRONG(INVALID_VALUE, "0x%llx is not of cuMemAlloc", address);
    struct stat status;
    fstat(plain->fd, &status);
    const struct ipc ipc = { "ipc-mem", getpid(), plain->fd, status.st_ino, plain->size };
    memset(handle, 0xA5, sizeof *handle);
    memcpy(handle, &ipc, sizeof ipc);
    return OK;
}

EXPORT CUresult cuIpcOpenMemHandle_v2(CUdeviceptr* address, IpcHandle handle, unsigned flags) {
    BEGIN(true);
    REQUIRE(flags == 1);
    struct ipc ipc;
    memcpy(&ipc, &handle, sizeof ipc);
    REQUIRE(memcmp(ipc.magic, "ipc-mem", 8) == 0);
    for (size_t i = sizeof ipc; i < sizeof handle; i++) REQUIRE(handle.reserved[i] == (char)0xA5);
    if (ipc.pid == getpid()) return INVALID_CONTEXT;
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", ipc.pid, ipc.fd);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return INVALID_VALUE;
    struct object* foreign = add(FOREIGN, reserve(ipc.size), ipc.size);
    if (fstat(fd, &status) != 0 || status.st_ino != ipc.inode || !give_bytes(foreign, fd)) {
        foreign->fd = fd;
        drop(foreign);
        return INVALID_VALUE;
    }
    *address = foreign->id;
    return OK;
}

EXPORT CUresult cuIpcCloseMemHandle(CUdeviceptr address) {
    BEGIN(true);
    struct object* foreign = find(FOREIGN, address);
    REQUIRE(foreign != NULL);
    if (foreign->users) report("cuIpcCloseMemHandle: a copy uses 0x%llx", address);
    munmap((void*)(uintptr_t)address, foreign->size);
    drop(foreign);
    return OK;
}

/* 0 = not mapped or not whole, 1 = for reading, 2 = for writing too */
static int host_access(uint64_t first, size_t size) {
    FILE* maps = fopen("/proc/self/maps", "re");
    char line[512], rights[8];
    unsigned long start, end;
    int access = 0;
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3 || first < start || first >= end) continue;
        const int here = rights[0] != 'r' ? 0 : rights[1] == 'w' ? 2 : 1;
        access = access == 0 || here < access ? here : access;
        if (here == 0 || first + size <= end) break;
        size -= end - first;
        first = end;
        access = here;
    }
    if (maps) fclose(maps);
    return access;
}

EXPORT CUresult cuMemHostRegister_v2(void* start, size_t size, unsigned flags) {
    BEGIN(true);
    const uint64_t first = (uint64_t)(uintptr_t)start;
    REQUIRE(first != 0 && first % 4096 == 0 && size > 0 && size % 4096 == 0);
    REQUIRE(flags == 1 || flags == (1 | 8));
    for (struct object* one = objects; one; one = one->next)
        if (one->kind == PINNED && touches(one, first, size)) return ALREADY_REGISTERED;
    if (host_access(first, size) < (flags & 8 ? 1 : 2)) return INVALID_VALUE;
    add(PINNED, first, size);
    return OK;
}

EXPORT CUresult cuMemHostUnregister(void* start) {
    BEGIN(true);
    struct object* pinned = find(PINNED, (uint64_t)(uintptr_t)start);
    if (!pinned) return WRONG(NOT_REGISTERED, "%p", start);
    if (pinned->users) report("cuMemHostUnregister: a copy uses %p", start);
    drop(pinned);
    return OK;
}
