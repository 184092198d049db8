#include "lookalike.h"

pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
struct object* objects;
size_t used[MAX_DEVICES];
CUresult broken;
bool is_initialized;
long depth_of_all;
_Thread_local struct object* stack[MAX_DEPTH];
_Thread_local int depth;
_Thread_local const char* current_call = "?";

static const char* kind_names[KINDS] = {
    "allocations", "address ranges", "plain allocations", "foreign mappings", "registrations", "streams", "events", "contexts",
};

long long option(const char* name, long long otherwise) {
    const char* text = getenv(name);
    return text && *text ? atoll(text) : otherwise;
}

void report(const char* format, ...) {
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

static char plan[128];
static long calls_planned;

__attribute__((constructor)) static void read_plan(void) {
    const char* text = getenv("LOOKALIKE_FAIL");
    snprintf(plan, sizeof plan, "%s", text ? text : "");
}

CUresult injected(const char* call) {
    const size_t length = strlen(call);
    if (strncmp(plan, call, length) != 0 || plan[length] != ':') return OK;
    long number = 0;
    int code = 0;
    if (sscanf(plan + length, ":%ld:%d", &number, &code) != 2 || ++calls_planned != number) return OK;
    if (code >= 700) broken = code;
    return code;
}

CUresult enter(const char* call, bool needs_context) {
    pthread_mutex_lock(&gate);
    current_call = call;
    if (!is_initialized && strcmp(call, "cuInit") != 0) return WRONG(NOT_INITIALIZED, "cuInit was not called");
    CUresult code = injected(call);
    if (code) return code;
    if (broken && strncmp(call, "cuCtx", 5) != 0) return broken;
    if (needs_context && (depth == 0 || stack[depth - 1]->is_gone)) return WRONG(INVALID_CONTEXT, "no context is current");
    return OK;
}

void leave(const CUresult* ignored) {
    (void)ignored;
    pthread_mutex_unlock(&gate);
}

struct object* add(enum kind kind, uint64_t id, size_t size) {
    struct object* object = calloc(1, sizeof *object);
    *object = (struct object) { .kind = kind, .id = id ? id : (uint64_t)(uintptr_t)object, .size = size, .fd = -1, .next = objects };
    return objects = object;
}

struct object* find(enum kind kind, uint64_t id) {
    for (struct object* one = objects; one; one = one->next)
        if (one->kind == kind && one->id == id && !one->is_gone) return one;
    return NULL;
}

void drop(struct object* object) {
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

void let_go(struct object* object) {
    if (object && --object->users == 0 && object->is_gone) drop(object);
}

bool touches(const struct object* object, uint64_t first, size_t size) {
    return first < object->id + object->size && first + size > object->id;
}

bool holds(const struct object* object, uint64_t first, size_t size) {
    return first >= object->id && size <= object->size && first - object->id <= object->size - size;
}

int device_count(void) { return (int)option("LOOKALIKE_DEVICES", 1); }

size_t memory_of_device(void) { return (size_t)option("LOOKALIKE_MEMORY", 1ll << 30); }

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
