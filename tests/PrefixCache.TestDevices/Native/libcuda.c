/*
 * A look-alike of NVIDIA's libcuda.so.1 over host memory: the calls that PrefixCache uses, each as strict about its arguments as it can be.
 * It tests the binding (argument order, sizes, flags, order of calls, leaks), not a device. Types and values: the CUDA driver API's pages.
 *
 * A device address cannot be read or written by the host, as with a device: the bytes lie in a second, hidden mapping.
 *
 *   LOOKALIKE_REPORT=file        wrong use is written here, and at exit what is still alive
 *   LOOKALIKE_DEVICES=n          how many devices there are; 0 = cuInit finds none (default 1)
 *   LOOKALIKE_MEMORY=bytes       what each device has (default 1 GiB)
 *   LOOKALIKE_FAIL=call:n:code   the n-th call fails; call "run" is a queued copy that fails as it runs. Codes of 700 and more stay.
 *   LOOKALIKE_DELAY_US=n         how long a queued copy takes
 *   LOOKALIKE_LEGACY=1           the devices have no virtual memory management
 *   LOOKALIKE_MAX_PITCH=bytes    of copies of rows (default 2 GiB - 1)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_DEVICES 8
#define MAX_DEPTH 16
#define GRANULARITY (2ull << 20)

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef unsigned long long Handle;
typedef struct { int type, id; } Location;
typedef struct { Location location; int flags; } Access;
typedef struct {
    int type, handle_types;
    Location location;
    void* win32;
    unsigned char compression, rdma;
    unsigned short usage;
    unsigned char reserved[4];
} Properties;
typedef struct { char reserved[64]; } IpcHandle;
typedef struct {
    size_t x, y;
    int type;
    void* host;
    CUdeviceptr device;
    void* array;
    size_t pitch;
} Side;
typedef struct { Side source, destination; size_t width, height; } Copy2D;

_Static_assert(sizeof(Properties) == 32 && sizeof(Access) == 12 && sizeof(Copy2D) == 128, "sizes of the driver's structs");

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_CONTEXT = 201,
       INVALID_HANDLE = 400, NOT_READY = 600, ALREADY_REGISTERED = 712, NOT_REGISTERED = 713, NOT_SUPPORTED = 801 };

/* What is alive. PHYSICAL is an allocation of cuMemCreate, RANGE one of addresses; PLAIN is of cuMemAlloc, FOREIGN of cuIpcOpenMemHandle. */
enum kind { PHYSICAL, RANGE, PLAIN, FOREIGN, PINNED, STREAM, EVENT, CONTEXT, KINDS };
static const char* kind_names[KINDS] = { "allocations", "address ranges", "plain allocations", "foreign mappings", "registrations", "streams",
                                         "events", "contexts" };

struct work;
struct object {
    enum kind kind;
    uint64_t id;           /* address, handle or pointer: what the caller names it by */
    size_t size;
    int fd;                /* the memory file behind PHYSICAL and PLAIN */
    char* bytes;           /* where the bytes are */
    struct object* mapped; /* of a RANGE */
    bool has_access;       /* of a RANGE */
    int users;             /* mappings, copies under way, records under way, retains */
    bool is_gone;          /* given back, but used still */
    CUdevice device;       /* of a CONTEXT, PHYSICAL, PLAIN; -1 = imported */
    pthread_t thread;      /* of a STREAM */
    struct work *first, *last;
    struct object* next;
};
struct work {
    struct object *event, *held[2];
    char *from, *to;
    size_t width, height, from_pitch, to_pitch;
    struct work* next;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct object* objects;
static size_t used[MAX_DEVICES];
static CUresult broken;
static bool is_initialized;
static uint64_t handles = 0xA110C000;
static long depth_of_all; /* contexts pushed and not popped, by all threads */
static _Thread_local struct object* stack[MAX_DEPTH];
static _Thread_local int depth;
static _Thread_local const char* current_call = "?";

static long long option(const char* name, long long otherwise) {
    const char* text = getenv(name);
    return text && *text ? atoll(text) : otherwise;
}

static void report(const char* format, ...) {
    const char* path = getenv("LOOKALIKE_REPORT");
    FILE* file = path ? fopen(path, "ae") : stderr;
    if (!file) return;
    va_list values;
    va_start(values, format);
    vfprintf(file, format, values);
    va_end(values);
    fputc('\n', file);
    if (path) fclose(file);
}

#define WRONG(code, format, ...) (report("%s: " format, current_call, ##__VA_ARGS__), (code))
#define REQUIRE(condition) do { if (!(condition)) return WRONG(INVALID_VALUE, "not so: %s", #condition); } while (0)

static char plan[128];
static long calls_planned;

__attribute__((constructor)) static void read_plan(void) {
    const char* text = getenv("LOOKALIKE_FAIL");
    snprintf(plan, sizeof plan, "%s", text ? text : "");
}

/* Whether this call is the one that is planned to fail. */
static CUresult injected(const char* call) {
    const size_t length = strlen(call);
    if (strncmp(plan, call, length) != 0 || plan[length] != ':') return OK;
    long number = 0;
    int code = 0;
    if (sscanf(plan + length, ":%ld:%d", &number, &code) != 2 || ++calls_planned != number) return OK;
    if (code >= 700) broken = code;
    return code;
}

static CUresult enter(const char* call, bool needs_context) {
    pthread_mutex_lock(&gate);
    current_call = call;
    if (!is_initialized && strcmp(call, "cuInit") != 0) return WRONG(NOT_INITIALIZED, "cuInit was not called");
    CUresult code = injected(call);
    if (code) return code;
    if (broken && strncmp(call, "cuCtx", 5) != 0) return broken;
    if (needs_context && (depth == 0 || stack[depth - 1]->is_gone)) return WRONG(INVALID_CONTEXT, "no context is current");
    return OK;
}

static void leave(const CUresult* ignored) {
    (void)ignored;
    pthread_mutex_unlock(&gate);
}

/* Takes the gate until the function returns. */
#define BEGIN(needs_context) \
    __attribute__((cleanup(leave))) CUresult refusal = enter(__func__, needs_context); \
    if (refusal) return refusal

static struct object* add(enum kind kind, uint64_t id, size_t size) {
    struct object* object = calloc(1, sizeof *object);
    *object = (struct object) { .kind = kind, .id = id ? id : (uint64_t)(uintptr_t)object, .size = size, .fd = -1, .next = objects };
    return objects = object;
}

static struct object* find(enum kind kind, uint64_t id) {
    for (struct object* one = objects; one; one = one->next)
        if (one->kind == kind && one->id == id && !one->is_gone) return one;
    return NULL;
}

static void drop(struct object* object) {
    object->is_gone = true;
    if (object->users > 0) return;
    struct object** link = &objects;
    while (*link != object) link = &(*link)->next;
    *link = object->next;
    if (object->bytes) munmap(object->bytes, object->size);
    if (object->fd >= 0) close(object->fd);
    if ((object->kind == PHYSICAL || object->kind == PLAIN) && object->device >= 0) used[object->device] -= object->size;
    free(object);
}

static void let_go(struct object* object) {
    if (object && --object->users == 0 && object->is_gone) drop(object);
}

static bool touches(const struct object* object, uint64_t first, size_t size) {
    return first < object->id + object->size && first + size > object->id;
}

static bool holds(const struct object* object, uint64_t first, size_t size) {
    return first >= object->id && size <= object->size && first - object->id <= object->size - size;
}

static CUdevice current_device(void) { return stack[depth - 1]->device; }

static int device_count(void) { return (int)option("LOOKALIKE_DEVICES", 1); }

static size_t memory_of_device(void) { return (size_t)option("LOOKALIKE_MEMORY", 1ll << 30); }

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

/* Initialization, version management, error handling */

EXPORT CUresult cuInit(unsigned flags) {
    BEGIN(false);
    REQUIRE(flags == 0);
    REQUIRE(device_count() <= MAX_DEVICES);
    if (device_count() == 0) return NO_DEVICE;
    is_initialized = true;
    return OK;
}

EXPORT CUresult cuDriverGetVersion(int* version) {
    *version = 12040;
    return OK;
}

static const struct { int code; const char *name, *text; } errors[] = {
    { OK, "CUDA_SUCCESS", "no error" },
    { INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument" },
    { OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory" },
    { NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error" },
    { NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected" },
    { INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context" },
    { INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle" },
    { NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready" },
    { 700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered" },
    { ALREADY_REGISTERED, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "part or all of the requested memory range is already mapped" },
    { NOT_REGISTERED, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED", "pointer does not correspond to a registered memory region" },
    { NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported" },
};

static CUresult describe(int code, const char** text, bool by_name) {
    *text = NULL;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code) *text = by_name ? errors[i].name : errors[i].text;
    return *text ? OK : INVALID_VALUE;
}

EXPORT CUresult cuGetErrorName(int code, const char** name) { return describe(code, name, true); }

EXPORT CUresult cuGetErrorString(int code, const char** text) { return describe(code, text, false); }

/* Devices and contexts */

#define BEGIN_DEVICE(device) \
    BEGIN(false); \
    if ((device) < 0 || (device) >= device_count()) return WRONG(INVALID_DEVICE, "device %d", device)

EXPORT CUresult cuDeviceGetCount(int* count) {
    BEGIN(false);
    *count = device_count();
    return OK;
}

EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    BEGIN_DEVICE(ordinal);
    *device = ordinal;
    return OK;
}

EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
    BEGIN_DEVICE(device);
    REQUIRE(length >= 64);
    memset(name, 'x', (size_t)length);
    snprintf(name, (size_t)length, "Look-alike %d", device);
    return OK;
}

EXPORT CUresult cuDeviceGetUuid_v2(unsigned char* uuid, CUdevice device) {
    BEGIN_DEVICE(device);
    for (int i = 0; i < 16; i++) uuid[i] = (unsigned char)(0x10 * (device + 1) + i);
    return OK;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    BEGIN_DEVICE(device);
    *bytes = memory_of_device();
    return OK;
}

EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
    BEGIN_DEVICE(device);
    switch (attribute) {
    case 11: *value = (int)option("LOOKALIKE_MAX_PITCH", 0x7fffffff); return OK;
    case 102: *value = !option("LOOKALIKE_LEGACY", 0); return OK;
    case 103: *value = !option("LOOKALIKE_LEGACY", 0); return OK;
    case 113: *value = 1; return OK;
    default: return WRONG(INVALID_VALUE, "attribute %d", attribute);
    }
}

EXPORT CUresult cuDevicePrimaryCtxRetain(void** context, CUdevice device) {
    BEGIN_DEVICE(device);
    struct object* found = NULL;
    for (struct object* one = objects; one; one = one->next)
        if (one->kind == CONTEXT && one->device == device && !one->is_gone) found = one;
    if (!found) (found = add(CONTEXT, 0, 0))->device = device;
    found->users++;
    *context = found;
    return OK;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    BEGIN_DEVICE(device);
    for (struct object* one = objects; one; one = one->next) {
        if (one->kind != CONTEXT || one->device != device) continue;
        if (one->users == 1) one->is_gone = true;
        let_go(one);
        return OK;
    }
    return WRONG(INVALID_CONTEXT, "device %d has no primary context", device);
}

EXPORT CUresult cuCtxPushCurrent_v2(void* context) {
    BEGIN(false);
    if (!find(CONTEXT, (uint64_t)(uintptr_t)context)) return WRONG(INVALID_CONTEXT, "%p is no context", context);
    REQUIRE(depth < MAX_DEPTH);
    stack[depth++] = context;
    depth_of_all++;
    return OK;
}

EXPORT CUresult cuCtxPopCurrent_v2(void** context) {
    BEGIN(false);
    if (depth == 0) return WRONG(INVALID_CONTEXT, "nothing was pushed");
    depth_of_all--;
    *context = stack[--depth];
    return OK;
}

/* Memory */

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

/* Streams, events and copies */

static void* run_stream(void* argument) {
    struct object* stream = argument;
    pthread_mutex_lock(&gate);
    for (;;) {
        while (!stream->first && !stream->is_gone) pthread_cond_wait(&changed, &gate);
        struct work* work = stream->first;
        if (!work) break;
        pthread_mutex_unlock(&gate);
        if (work->width) usleep((useconds_t)option("LOOKALIKE_DELAY_US", 0));
        pthread_mutex_lock(&gate);
        if (work->width && !broken && !injected("run")) {
            for (size_t row = 0; row < work->height; row++)
                memcpy(work->to + row * work->to_pitch, work->from + row * work->from_pitch, work->width);
        }
        let_go(work->event);
        let_go(work->held[0]);
        let_go(work->held[1]);
        stream->first = work->next;
        free(work);
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&gate);
    return NULL;
}

static void queue(struct object* stream, struct work work) {
    struct work* added = malloc(sizeof work);
    *added = work;
    if (work.event) work.event->users++;
    if (work.held[0]) work.held[0]->users++;
    if (work.held[1]) work.held[1]->users++;
    if (stream->first) stream->last->next = added;
    else stream->first = added;
    stream->last = added;
    pthread_cond_broadcast(&changed);
}

static void drain(const struct object* stream) {
    while (stream->first) pthread_cond_wait(&changed, &gate);
}

EXPORT CUresult cuStreamCreate(void** stream, unsigned flags) {
    BEGIN(true);
    REQUIRE(flags == 1);
    struct object* made = add(STREAM, 0, 0);
    pthread_create(&made->thread, NULL, run_stream, made);
    *stream = made;
    return OK;
}

#define STREAM_OF(pointer) \
    struct object* stream = find(STREAM, (uint64_t)(uintptr_t)(pointer)); \
    if (!stream) return WRONG(INVALID_HANDLE, "%p is no stream", pointer)

EXPORT CUresult cuStreamSynchronize(void* pointer) {
    BEGIN(true);
    STREAM_OF(pointer);
    drain(stream);
    return broken;
}

EXPORT CUresult cuStreamDestroy_v2(void* pointer) {
    BEGIN(true);
    STREAM_OF(pointer);
    if (stream->first) report("cuStreamDestroy_v2: copies are queued");
    stream->is_gone = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&gate);
    pthread_join(stream->thread, NULL);
    pthread_mutex_lock(&gate);
    drop(stream);
    return OK;
}

/* Finds where the bytes of a side of a copy are, and what it holds. */
static CUresult locate(bool is_device, uint64_t first, size_t span, char** bytes, struct object** held) {
    for (struct object* one = objects; one; one = one->next) {
        if (one->is_gone || one->kind == PHYSICAL || one->kind >= STREAM || !touches(one, first, span)) continue;
        if ((one->kind == PINNED) == is_device || !holds(one, first, span)) break;
        if (one->kind == RANGE && !one->has_access) break;
        *held = one;
        *bytes = one->kind == PINNED ? (char*)(uintptr_t)first : (one->kind == RANGE ? one->mapped->bytes : one->bytes) + (first - one->id);
        return OK;
    }
    if (*held || is_device) return WRONG(INVALID_VALUE, "0x%lx + %zu is not within memory of the device", first, span);
    for (struct object* one = objects; one; one = one->next)
        if (one->kind <= PINNED && one->kind != PHYSICAL && touches(one, first, span))
            return WRONG(INVALID_VALUE, "0x%lx + %zu is not within one registered range", first, span);
    REQUIRE(first != 0);
    *bytes = (char*)(uintptr_t)first;
    return OK;
}

static CUresult copy(void* pointer, bool from_device, uint64_t from, bool to_device, uint64_t to, struct work work) {
    STREAM_OF(pointer);
    REQUIRE(work.width > 0 && work.height > 0);
    CUresult code = locate(from_device, from, (work.height - 1) * work.from_pitch + work.width, &work.from, &work.held[0]);
    if (!code) code = locate(to_device, to, (work.height - 1) * work.to_pitch + work.width, &work.to, &work.held[1]);
    if (code) return code;
    queue(stream, work);
    if (work.held[0] && work.held[1]) return OK;
    drain(stream); /* host memory that is not registered */
    return broken;
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t size, void* stream) {
    BEGIN(true);
    return copy(stream, false, (uint64_t)(uintptr_t)from, true, to, (struct work) { .width = size, .height = 1 });
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t size, void* stream) {
    BEGIN(true);
    return copy(stream, true, from, false, (uint64_t)(uintptr_t)to, (struct work) { .width = size, .height = 1 });
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, void* stream) {
    BEGIN(true);
    return copy(stream, true, from, true, to, (struct work) { .width = size, .height = 1 });
}

static CUresult check_side(const Side* side, size_t width) {
    REQUIRE(side->x == 0 && side->y == 0 && side->array == NULL);
    REQUIRE(side->type == 1 || side->type == 2);
    REQUIRE(side->type == 1 ? side->device == 0 : side->host == NULL);
    REQUIRE(side->pitch >= width);
    REQUIRE(side->pitch <= (size_t)option("LOOKALIKE_MAX_PITCH", 0x7fffffff));
    return OK;
}

EXPORT CUresult cuMemcpy2DAsync_v2(const Copy2D* rows, void* stream) {
    BEGIN(true);
    CUresult code = check_side(&rows->source, rows->width);
    if (!code) code = check_side(&rows->destination, rows->width);
    if (code) return code;
    const bool from_device = rows->source.type == 2, to_device = rows->destination.type == 2;
    return copy(stream, from_device, from_device ? rows->source.device : (uint64_t)(uintptr_t)rows->source.host, to_device,
                to_device ? rows->destination.device : (uint64_t)(uintptr_t)rows->destination.host,
                (struct work) { .width = rows->width, .height = rows->height, .from_pitch = rows->source.pitch,
                                .to_pitch = rows->destination.pitch });
}

EXPORT CUresult cuEventCreate(void** event, unsigned flags) {
    BEGIN(true);
    REQUIRE(flags == 3);
    *event = add(EVENT, 0, 0);
    return OK;
}

#define EVENT_OF(pointer) \
    struct object* event = find(EVENT, (uint64_t)(uintptr_t)(pointer)); \
    if (!event) return WRONG(INVALID_HANDLE, "%p is no event", pointer)

EXPORT CUresult cuEventRecord(void* pointer, void* stream_pointer) {
    BEGIN(true);
    EVENT_OF(pointer);
    STREAM_OF(stream_pointer);
    queue(stream, (struct work) { .event = event });
    return OK;
}

EXPORT CUresult cuEventQuery(void* pointer) {
    BEGIN(true);
    EVENT_OF(pointer);
    return event->users ? NOT_READY : OK;
}

EXPORT CUresult cuEventSynchronize(void* pointer) {
    BEGIN(true);
    EVENT_OF(pointer);
    while (event->users) pthread_cond_wait(&changed, &gate);
    return broken;
}

EXPORT CUresult cuEventDestroy_v2(void* pointer) {
    BEGIN(true);
    EVENT_OF(pointer);
    drop(event);
    return OK;
}

/* Another LOOKALIKE_FAIL, counted from now on; the device is well again. */
EXPORT void lookalike_fail(const char* text) {
    pthread_mutex_lock(&gate);
    snprintf(plan, sizeof plan, "%s", text);
    calls_planned = 0;
    broken = OK;
    pthread_mutex_unlock(&gate);
}

/* What is alive of everything, contexts pushed too. */
EXPORT long lookalike_live(void) {
    long live = depth_of_all;
    pthread_mutex_lock(&gate);
    for (const struct object* one = objects; one; one = one->next) live++;
    pthread_mutex_unlock(&gate);
    return live;
}

__attribute__((destructor)) static void report_live(void) {
    long live[KINDS] = { 0 };
    for (const struct object* one = objects; one; one = one->next) live[one->kind]++;
    for (int kind = 0; kind < KINDS; kind++)
        if (live[kind]) report("left: %ld %s", live[kind], kind_names[kind]);
    if (depth_of_all) report("left: %ld contexts pushed", depth_of_all);
}
