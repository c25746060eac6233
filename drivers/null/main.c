/*
 * main.c - the null driver: files that take everything and give nothing, to measure what a call
 * costs. Each session has handles of its own, 0 to 63: a bit each in one word, so nobody can use or
 * use up another's. The functions are inline in the loop: what is measured is all that is not
 * theirs.
 */
#include <idl/null_desc.h>
#include <idl/null_server.h>
#include <loop.h>

const struct idl_interface *const driver_interfaces[] = {&null_desc, NULL};

static uint64_t open_handles[DRIVER_SESSIONS];

static bool is_open(const struct call *call, uint64_t handle)
{
    return handle < 64 && (open_handles[call_session(call)] >> handle & 1) != 0;
}

const char *driver_attach(void)
{
    return NULL;
}

void driver_session_closed(unsigned s)
{
    open_handles[s] = 0;
}

DRIVER_SERVES(NULL_INTERFACE, null_dispatch)

inline int null_serve_open(struct call *call, uint64_t flags, uint64_t *result)
{
    uint64_t *handles = &open_handles[call_session(call)];

    (void)flags;
    if (*handles == UINT64_MAX) {
        return E_LIMIT;
    }
    *result = (uint64_t)__builtin_ctzll(~*handles);
    *handles |= 1ull << *result;
    return E_OK;
}

/* Nothing is ever there: always at the end. */
inline int null_serve_read(struct call *call, uint64_t handle, uint64_t offset, uint64_t count,
                           uint64_t *result)
{
    (void)offset;
    (void)count;
    *result = 0;
    return is_open(call, handle) ? E_OK : E_BAD_ARG;
}

inline int null_serve_write(struct call *call, uint64_t handle, uint64_t offset, uint64_t count,
                            uint64_t *result)
{
    (void)offset;
    *result = count;
    return is_open(call, handle) ? E_OK : E_BAD_ARG;
}

inline int null_serve_close(struct call *call, uint64_t handle)
{
    if (!is_open(call, handle)) {
        return E_BAD_ARG;
    }
    open_handles[call_session(call)] &= ~(1ull << handle);
    return E_OK;
}
