/*
 * recover.c - errors: what becomes of the work is drivers/lib/disk_error.c's; a channel whose drive
 * does not answer is reset first.
 * Source: ATA/ATAPI-7 volume 2, section 9.2 (software reset).
 */
#include "ata.h"

#include <quoll/error.h>

#define RESET_US  10u /* at least 5 */
#define SETTLE_US 2000u
#define POLL_US   1000u
#define RESET_MAX 10000000u

/* ---- what the drive says */

void recover_error(struct channel *c, struct ata_error error)
{
    c->phase = PHASE_IDLE;
    work_try_again(&c->work, disk_error_words(ata_error_raw(error)));
}

/* ---- reset */

void recover_reset(struct channel *c)
{
    if (c->prd != NULL) {
        (void)dma_stop(c);
    }
    ata_control_device_write(c->control, (struct ata_control_device){.quiet = true, .reset = true});
    c->selected = DRIVES;
    for (unsigned i = 0; i < DRIVES; i++) {
        c->unit[i].unset = c->unit[i].disk.multiple > 1;
    }
    c->work.now = c->work.moved = 0;
    c->phase = PHASE_RESET;
    watch_until(driver_now_us() + RESET_US);
}

static void reset_for(struct channel *c, const char *why, int error)
{
    driver_log("%s: %s; its channel is reset", c->work.disk->name, why);
    work_reset_for(&c->work, why, error);
    recover_reset(c);
}

void recover_timeout(struct channel *c)
{
    reset_for(c, "the drive does not answer", E_TIMEOUT);
}

void recover_confusion(struct channel *c)
{
    reset_for(c, "the drive is not where its command should be", E_IO);
}

static void end_reset(struct channel *c)
{
    (void)ata_status_read(c->regs);
    ata_control_device_write(c->control, (struct ata_control_device){.quiet = false});
    c->phase = PHASE_IDLE;
    work_skip(&c->work);
    channel_run(c);
}

uint64_t recover_look(struct channel *c, uint64_t now_us)
{
    if (c->phase == PHASE_RESET) {
        ata_control_device_write(c->control, (struct ata_control_device){.quiet = true});
        c->phase = PHASE_RECOVER;
        c->phase_end_us = now_us + RESET_MAX;
        return now_us + SETTLE_US;
    }
    if (!ata_control_again_read(c->control).busy) {
        end_reset(c);
        return now_us + POLL_US;
    }
    if (now_us < c->phase_end_us) {
        return now_us + POLL_US;
    }
    if (work_is_left(&c->work)) {
        work_report(&c->work, "the drive stays busy after a reset");
        work_fail(&c->work, E_TIMEOUT);
    }
    c->phase = PHASE_IDLE; /* the next request tries again */
    channel_run(c);
    return now_us + POLL_US;
}
