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
#pragma once
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

/* What is alive. PHYSICAL is an allocation of cuMemCreate, RANGE is of cuMemAddressReserve, PLAIN of cuMemAlloc,
   FOREIGN of cuIpcOpenMemHandle. */
enum kind { PHYSICAL, RANGE, PLAIN, FOREIGN, PINNED, STREAM, EVENT, CONTEXT, KINDS };

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

extern pthread_mutex_t gate; /* over everything below */
extern pthread_cond_t changed;
extern struct object* objects;
extern size_t used[MAX_DEVICES]; /* bytes taken of each device */
extern CUresult broken;          /* what every call returns once a copy has failed */
extern bool is_initialized;
extern long depth_of_all; /* contexts pushed and not popped, by all threads */
extern _Thread_local struct object* stack[MAX_DEPTH];
extern _Thread_local int depth;
extern _Thread_local const char* current_call;

long long option(const char* name, long long otherwise);
int device_count(void);
size_t memory_of_device(void);

/* Writes down wrong use. */
void report(const char* format, ...) __attribute__((format(printf, 1, 2)));
#define WRONG(code, format, ...) (report("%s: " format, current_call, ##__VA_ARGS__), (code))
#define REQUIRE(condition) do { if (!(condition)) return WRONG(INVALID_VALUE, "not so: %s", #condition); } while (0)

/* What each call begins with: takes the gate until the function returns, and looks whether the call may go on. */
CUresult enter(const char* call, bool needs_context);
void leave(const CUresult* ignored);
#define BEGIN(needs_context) \
    __attribute__((cleanup(leave))) CUresult refusal = enter(__func__, needs_context); \
    if (refusal) return refusal

/* Whether this call is the one that is planned to fail. */
CUresult injected(const char* call);

/* An object; id 0 = its own address. */
struct object* add(enum kind kind, uint64_t id, size_t size);
struct object* find(enum kind kind, uint64_t id);

/* Ends an object, now or when its last user lets it go. */
void drop(struct object* object);
void let_go(struct object* object);

bool touches(const struct object* object, uint64_t first, size_t size);
bool holds(const struct object* object, uint64_t first, size_t size);
