/*
 * drv_restart.c - from the death of a driver to its successor's first answer. The driver is made to
 * dereference a null pointer, so the whole of it is measured: the fault, its cause and symbol in
 * the log, the end of the instance, and a new one. devman and the driver have higher priorities
 * than this task, so all of that has happened when the order to die has been carried out; then the
 * successor serves a request. devman's own stamps say what part of it took how long, and that
 * nothing is left behind is counted.
 */
#include "drv.h"
#include "measure.h"

#include <idl/devman.h>
#include <idl/serial.h>
#include <quoll/sys.h>
#include <quoll/task.h>

#define ROUNDS     120u
#define DATA_PAGES 16u /* of the session that is open meanwhile, as the console's */

enum part { DETECT, QUIET, RECLAIM, LOAD, ATTACH, TOTAL };

static enum part measured; /* of the benchmark that runs */

static void setup_part(const struct bench *b, struct measure *m)
{
    (void)m;
    measured = (enum part)b->words;
}

static uint64_t part_of(const struct devman_restart_times *t, uint64_t start, uint64_t served)
{
    switch (measured) {
    case DETECT:
        return t->quiet - start;
    case QUIET:
        return t->reclaim - t->quiet;
    case RECLAIM:
        return t->load - t->reclaim;
    case LOAD:
        return t->attach - t->load;
    case ATTACH:
        return t->run - t->attach;
    default:
        return served - start;
    }
}

/* One death. The answer to the request proves that the successor works. */
static int restart(const struct client_session *s, uint32_t *sample)
{
    struct devman_restart_times times;
    struct serial_line line = {0};
    uint64_t served, start = rdtsc();
    int error = devman_call_inject(drv_devman(), DEVMAN_FAULT_NULL_DEREF, DRV_SERIAL);

    if (error == E_OK) {
        error = serial_call_get_line(s->endpoint, &line);
    }
    served = rdtsc();
    if (error == E_OK) {
        error = devman_call_restarted(drv_devman(), DRV_SERIAL, &times);
    }
    if (error == E_OK && (line.baud == 0 || times.detect < start)) {
        error = E_BAD_ANSWER; /* that was another restart */
    }
    if (error == E_OK) {
        *sample = (uint32_t)part_of(&times, start, served);
    }
    return error;
}

/* The client's part of a restart: acknowledge it, and wait until the queue goes on. */
static int recover(struct client_session *s)
{
    struct queue_done done;
    uint64_t bits;

    for (;;) {
        int error = queue_collect(&s->queue, &done);
        if (error == E_GONE || queue_recovered(&s->queue)) {
            return error == E_GONE ? E_GONE : E_OK;
        }
        if (queue_client_about_to_sleep(&s->queue)) {
            (void)sys_wait(SLOT_NOTIFY, &bits);
        }
    }
}

static bool is_unchanged(const struct devman_usage *before)
{
    struct devman_usage now = {0};

    return devman_call_used(drv_devman(), &now) == E_OK && now.memory == before->memory &&
           now.slots == before->slots && now.pieces == before->pieces;
}

static uint64_t run_restart(struct measure *m)
{
    struct client_session *s =
        drv_open(DRV_SERIAL, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, DATA_PAGES);
    struct devman_usage before = {0};
    uint64_t left = m->rounds;

    if (s == NULL || lab_check("used", devman_call_used(drv_devman(), &before)) != E_OK) {
        return left;
    }
    for (uint32_t *sample = m->samples; left != 0; left--, sample++) {
        if (restart(s, sample) != E_OK || recover(s) != E_OK) {
            break;
        }
    }
    if (!is_unchanged(&before)) {
        (void)lab_check("restarts changed what devman uses", E_NO_MEMORY);
    }
    drv_close();
    return left;
}

#define PART(name, part)                                                                           \
    {                                                                                              \
        "drv.restart.uart8250." name, ROUNDS, part, true, setup_part, run_restart                  \
    }

static const struct bench list[] = {
    PART("detect", DETECT), PART("quiet", QUIET),   PART("reclaim", RECLAIM),
    PART("load", LOAD),     PART("attach", ATTACH), PART("total", TOTAL),
};

const struct bench_area area_drv_restart = {list, sizeof list / sizeof list[0], 0, NULL};
