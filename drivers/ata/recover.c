/*
 * recover.c - errors. A command is tried again; then block by block, which finds the bad one; then
 * the request that it belongs to fails, with the block in the log, and the next one goes on. A
 * drive that does not answer is reset first.
 * Source: ATA/ATAPI-7 volume 2, section 9.2 (software reset); INF-8090i, annex A (sense keys).
 */
#include "ata.h"

#include <quoll/error.h>
#include <stdio.h>

#define TRIES_MAX    2u  /* after the first */
#define UNREADY_MAX  10u /* of a drive that says that it is not ready yet */
#define TIMEOUTS_MAX 2u
#define RESET_US     10u /* at least 5 */
#define SETTLE_US    2000u
#define POLL_US      1000u
#define RESET_MAX    10000000u

#define SENSE_NOT_READY 0x2u
#define SENSE_ATTENTION 0x6u
#define ASC_BECOMING    0x04u
#define ASC_NO_MEDIUM   0x3au

static uint64_t block_of(const struct work *w)
{
    return w->lba + w->done / w->unit->block_bytes;
}

static void report(const struct work *w, const char *why)
{
    static const char *const what[] = {
        [WORK_READ] = "can't be read", [WORK_WRITE] = "can't be written"};

    if (w->kind == WORK_FLUSH) {
        driver_log("%s: its cache can't be flushed: %s", w->unit->name, why);
    } else {
        driver_log("%s: block %lu %s: %s", w->unit->name, (unsigned long)block_of(w), what[w->kind],
                   why);
    }
}

/* Once more, then block by block, then not at all. */
static void go_on(struct channel *c, const char *why)
{
    struct work *w = &c->work;

    c->phase = PHASE_IDLE;
    if (w->tries++ < TRIES_MAX) {
        return;
    }
    if (w->kind != WORK_FLUSH && w->now > w->unit->block_bytes) {
        w->singly = true;
        w->tries = TRIES_MAX;
        return;
    }
    report(w, why);
    work_fail(w, E_IO);
}

static const char *words_of(struct ata_error error)
{
    if (error.uncorrectable) {
        return "its data can't be corrected";
    }
    if (error.not_found) {
        return "there is no such block";
    }
    if (error.crc) {
        return "the cable spoils its data";
    }
    return error.abort ? "the drive has aborted the command" : "the drive says no more";
}

void recover_error(struct channel *c, struct ata_error error)
{
    go_on(c, words_of(error));
}

static const char *words_of_sense(unsigned key, unsigned asc)
{
    static const char *const words[16] = {[0x2] = "the drive is not ready",
                                          [0x3] = "the medium is bad there",
                                          [0x4] = "the drive is broken",
                                          [0x5] = "the drive does not do that",
                                          [0x6] = "the medium was changed again and again"};

    if (asc == ASC_NO_MEDIUM) {
        return "there is no medium";
    }
    return words[key] != NULL ? words[key] : "the drive says no more";
}

void recover_sense(struct channel *c)
{
    struct work *w = &c->work;
    unsigned key = c->sense[2] & 0xfu, asc = c->sense[12];
    bool passes = key == SENSE_ATTENTION || (key == SENSE_NOT_READY && asc == ASC_BECOMING);

    if (passes && w->unready++ < UNREADY_MAX) {
        c->phase = PHASE_IDLE;
        return;
    }
    go_on(c, words_of_sense(key, asc));
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
        c->unit[i].unset = c->unit[i].multiple > 1;
    }
    c->work.now = c->work.moved = 0;
    c->phase = PHASE_RESET;
    watch_until(driver_now_us() + RESET_US);
}

static void reset_for(struct channel *c, const char *why, int error)
{
    driver_log("%s: %s; its channel is reset", c->work.unit->name, why);
    if (c->work.timeouts++ == TIMEOUTS_MAX) {
        report(&c->work, why);
        work_fail(&c->work, error);
    }
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
        report(&c->work, "the drive stays busy after a reset");
        work_fail(&c->work, E_TIMEOUT);
    }
    c->phase = PHASE_IDLE; /* the next request tries again */
    channel_run(c);
    return now_us + POLL_US;
}
