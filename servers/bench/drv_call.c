/*
 * drv_call.c - what a method call of a driver costs its client: generated stub, kernel, the
 * framework's loop, generated dispatch, the driver's function, and all of the way back. Against the
 * bare message of ipc.call_reply.diff_as.*, which nobody looks at.
 */
#include "drv.h"
#include "marks.h"
#include "measure.h"

#include <idl/null.h>

#define ROUNDS 5000u

static void setup_nothing(const struct bench *b, struct measure *m)
{
    (void)b;
    (void)m;
}

/* The endpoint's handle, or 0. */
static uint64_t open_null(void)
{
    const struct client_session *s = drv_open("null", NULL_INTERFACE, NULL_RIGHTS_ALL, 0);

    return s != NULL ? s->endpoint : 0;
}

/* Each file is closed again, not measured. */
static uint64_t run_open(struct measure *m)
{
    uint64_t driver = open_null();
    uint64_t file = 0, left = m->rounds;

    for (uint32_t *sample = m->samples; driver != 0 && left != 0; left--, sample++) {
        uint32_t start = stamp_begin();
        int error = null_call_open(driver, 0, &file);
        *sample = stamp_end(error) - start;
        if (error != E_OK || null_call_close(driver, file) != E_OK) {
            break;
        }
    }
    drv_close();
    return left;
}

static uint64_t run_read(struct measure *m)
{
    uint64_t driver = open_null();
    uint64_t file = 0, bytes = 0, left = m->rounds;
    int error = driver != 0 ? null_call_open(driver, 0, &file) : E_GONE;

    for (uint32_t *sample = m->samples; error == E_OK && left != 0; left--, sample++) {
        uint32_t start = stamp_begin();
        error = null_call_read(driver, file, 0, left, &bytes);
        *sample = stamp_end(error) - start;
        if (error != E_OK || bytes != 0) {
            break;
        }
    }
    drv_close();
    return left;
}

static uint64_t run_write(struct measure *m)
{
    uint64_t driver = open_null();
    uint64_t file = 0, bytes = 0, left = m->rounds;
    int error = driver != 0 ? null_call_open(driver, 0, &file) : E_GONE;

    for (uint32_t *sample = m->samples; error == E_OK && left != 0; left--, sample++) {
        uint32_t start = stamp_begin();
        error = null_call_write(driver, file, 0, left, &bytes);
        *sample = stamp_end(error) - start;
        if (error != E_OK || bytes != left) {
            break;
        }
    }
    drv_close();
    return left;
}

/* Each file is opened first, not measured. */
static uint64_t run_close(struct measure *m)
{
    uint64_t driver = open_null();
    uint64_t file = 0, left = m->rounds;

    for (uint32_t *sample = m->samples; driver != 0 && left != 0; left--, sample++) {
        int error = null_call_open(driver, 0, &file);
        uint32_t start;
        if (error != E_OK) {
            break;
        }
        start = stamp_begin();
        error = null_call_close(driver, file);
        *sample = stamp_end(error) - start;
        if (error != E_OK) {
            break;
        }
    }
    drv_close();
    return left;
}

static const struct bench list[] = {
    {"drv.call.open", ROUNDS, 1, true, setup_nothing, run_open},
    {"drv.call.read", ROUNDS, 3, true, setup_nothing, run_read},
    {"drv.call.write", ROUNDS, 3, true, setup_nothing, run_write},
    {"drv.call.close", ROUNDS, 1, true, setup_nothing, run_close},
};

const struct bench_area area_drv_call = {list, sizeof list / sizeof list[0], 0, NULL};
