#include "lookalike.h"

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
