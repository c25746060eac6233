/*
 * overhead.c - null.idl's methods through generated code and by hand, to count instructions.
 * stub_NAME is one call in a function of its own, hand_NAME the same with sys_call and the least
 * that is safe; serve_dispatch is what stands between a receive and the server's function.
 */
#include <idl/null_server.h>

int stub_open(uint64_t cap, uint64_t flags, uint64_t *result);
int hand_open(uint64_t cap, uint64_t flags, uint64_t *result);
int stub_read(uint64_t cap, uint64_t handle, uint64_t offset, uint64_t count, uint64_t *result);
int hand_read(uint64_t cap, uint64_t handle, uint64_t offset, uint64_t count, uint64_t *result);
int stub_close(uint64_t cap, uint64_t handle);
int hand_close(uint64_t cap, uint64_t handle);
bool serve_dispatch(struct call *call);

int stub_open(uint64_t cap, uint64_t flags, uint64_t *result)
{
    return null_call_open(cap, flags, result);
}

int hand_open(uint64_t cap, uint64_t flags, uint64_t *result)
{
    struct msg m = {.tag = msg_tag(NULL_LABEL_OPEN, 0, 0), .w = {flags}};
    int error = sys_call(cap, &m);

    if (error != E_OK) {
        return error;
    }
    if (m.tag != 0) {
        return (int)msg_label(&m);
    }
    *result = m.w[0];
    return E_OK;
}

int stub_read(uint64_t cap, uint64_t handle, uint64_t offset, uint64_t count, uint64_t *result)
{
    return null_call_read(cap, handle, offset, count, result);
}

int hand_read(uint64_t cap, uint64_t handle, uint64_t offset, uint64_t count, uint64_t *result)
{
    struct msg m = {.tag = msg_tag(NULL_LABEL_READ, 0, 0), .w = {handle, offset, count}};
    int error = sys_call(cap, &m);

    if (error != E_OK) {
        return error;
    }
    if (m.tag != 0) {
        return (int)msg_label(&m);
    }
    *result = m.w[0];
    return E_OK;
}

int stub_close(uint64_t cap, uint64_t handle)
{
    return null_call_close(cap, handle);
}

int hand_close(uint64_t cap, uint64_t handle)
{
    struct msg m = {.tag = msg_tag(NULL_LABEL_CLOSE, 0, 0), .w = {handle}};
    int error = sys_call(cap, &m);

    return error != E_OK ? error : (int)msg_label(&m);
}

bool serve_dispatch(struct call *call)
{
    return null_dispatch(call);
}
