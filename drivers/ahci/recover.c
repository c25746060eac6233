/*
 * recover.c - errors: what becomes of a work is drivers/lib/disk_error.c's. The port is stopped and
 * started again; a drive that does not answer, or whose queue has failed, is reset in between. The
 * commands that were queued are then given to it one by one and without queueing, which finds the
 * one that fails. (Which it was could be asked for, too, by READ LOG EXT, but not every drive
 * knows.) Source: AHCI 1.3.1, sections 6.2.2 (software's recovery), 10.1.2 (stopping), 10.4.2
 * (COMRESET).
 */
#include "ahci.h"

#include <quoll/error.h>

#define POLL_US 2000u

static unsigned first_of(uint32_t slots)
{
    return (unsigned)__builtin_ctz(slots);
}

void recover_begin(struct port *p, bool hard)
{
    p->alone = p->begun;
    p->given = p->ready = 0;
    p->sensing = p->sensing && !hard;
    p->ask_sense = p->ask_sense && !hard;
    p->hard = hard;
    p->phase = PHASE_STOP;
    p->phase_end_us = driver_now_us() + STOP_US;
    ahci_port_cmd_set_start(regs, p->index, false);
    watch_until(recover_look(p, driver_now_us()));
}

/* A CD says why when it is asked. */
void recover_single(struct port *p, uint8_t error)
{
    unsigned slot = first_of(p->given);
    bool may_ask = p->disk.kind == DISK_CD && !p->sensing;

    p->given = 0;
    p->sensing = false;
    if (may_ask) {
        p->ask_sense = true;
    } else {
        work_try_again(&p->work[slot], disk_error_words(error));
    }
    recover_begin(p, false);
}

void recover_timeout(struct port *p)
{
    driver_log("%s: the drive does not answer; it is reset", p->disk.name);
    for (uint32_t b = p->given; b != 0; b &= b - 1) {
        work_reset_for(&p->work[first_of(b)], "the drive does not answer", E_TIMEOUT);
    }
    recover_begin(p, true);
}

/* ---- the phases */

static void resume(struct port *p)
{
    for (uint32_t b = p->begun; b != 0; b &= b - 1) {
        work_skip(&p->work[first_of(b)]);
    }
    port_settle(p);
    setup_start(p);
    port_run(p);
}

/* Nothing that is asked for can be done. */
static void lose(struct port *p)
{
    driver_log("%s: the drive does not come back from a reset", p->disk.name);
    do {
        for (uint32_t b = p->begun; b != 0; b &= b - 1) {
            struct work *w = &p->work[first_of(b)];

            work_skip(w);
            while (work_is_left(w)) {
                work_report(w, "the drive does not come back from a reset");
                work_fail(w, E_TIMEOUT);
            }
        }
        p->begun = 0;
        p->begun = work_take(&p->disk, &p->work[0]);
    } while (p->begun != 0);
    port_settle(p);
    p->phase = PHASE_LOST;
}

static uint64_t look_stop(struct port *p, uint64_t now_us)
{
    struct ahci_port_tfd tfd = ahci_port_tfd_read(regs, p->index);

    if (ahci_port_cmd_read(regs, p->index).runs) {
        if (now_us >= p->phase_end_us) {
            driver_end("port %u does not stop; a successor resets the controller", p->index);
        }
        return now_us + POLL_US;
    }
    if (!p->hard && !tfd.busy && !tfd.request) {
        resume(p);
        return now_us + WATCH_US;
    }
    ahci_port_sctl_set_detection(regs, p->index, AHCI_DETECTION_ORDER_RESET);
    p->phase = PHASE_RESET;
    return now_us + 2 * COMRESET_US;
}

static uint64_t look_link(struct port *p, uint64_t now_us)
{
    struct ahci_port_tfd tfd = ahci_port_tfd_read(regs, p->index);

    if (ahci_port_ssts_read(regs, p->index).detection == AHCI_DETECTION_LINKED && !tfd.busy &&
        !tfd.request) {
        resume(p);
        return now_us + WATCH_US;
    }
    if (now_us >= p->phase_end_us) {
        lose(p);
        return now_us + WATCH_US;
    }
    for (uint32_t b = p->begun; b != 0; b &= b - 1) {
        work_waits(&p->work[first_of(b)]);
    }
    return now_us + POLL_US;
}

uint64_t recover_look(struct port *p, uint64_t now_us)
{
    if (p->phase == PHASE_STOP) {
        return look_stop(p, now_us);
    }
    if (p->phase == PHASE_LINK) {
        return look_link(p, now_us);
    }
    ahci_port_sctl_set_detection(regs, p->index, AHCI_DETECTION_ORDER_NONE);
    p->phase = PHASE_LINK;
    p->phase_end_us = now_us + LINK_US;
    return now_us + POLL_US;
}
