#include "lookalike.h"

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
