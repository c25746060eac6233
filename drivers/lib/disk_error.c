/*
 * disk_error.c - errors. A command is tried again; then block by block, which finds the bad one;
 * then the request that it belongs to fails, with the block in the log, and the next one goes on.
 * Source: ATA/ATAPI-7 volume 1, section 6.2 (the error register); INF-8090i, annex A (sense keys).
 */
#include "disk.h"

#include <quoll/error.h>
#include <regs/ata.h>

#define TRIES_MAX    2u  /* after the first */
#define UNREADY_MAX  10u /* of a drive that says that it is not ready yet */
#define TIMEOUTS_MAX 2u

#define SENSE_NOT_READY 0x2u
#define SENSE_ATTENTION 0x6u
#define ASC_BECOMING    0x04u
#define ASC_NO_MEDIUM   0x3au

uint64_t work_block(const struct work *w)
{
    return w->lba + w->done / w->disk->block_bytes;
}

void work_report(const struct work *w, const char *why)
{
    static const char *const what[] = {
        [WORK_READ] = "can't be read", [WORK_WRITE] = "can't be written"};

    if (w->kind == WORK_FLUSH) {
        driver_log("%s: its cache can't be flushed: %s", w->disk->name, why);
    } else {
        driver_log("%s: block %lu %s: %s", w->disk->name, (unsigned long)work_block(w),
                   what[w->kind], why);
    }
}

void work_try_again(struct work *w, const char *why)
{
    if (w->tries++ < TRIES_MAX) {
        return;
    }
    if (w->kind != WORK_FLUSH && w->now > w->disk->block_bytes) {
        w->singly = true;
        w->tries = TRIES_MAX;
        return;
    }
    work_report(w, why);
    work_fail(w, E_IO);
}

void work_reset_for(struct work *w, const char *why, int error)
{
    w->now = w->moved = 0;
    if (w->timeouts++ == TIMEOUTS_MAX) {
        work_report(w, why);
        work_fail(w, error);
    }
}

const char *disk_error_words(uint8_t error)
{
    struct ata_error e = ata_error_of(error);

    if (e.uncorrectable) {
        return "its data can't be corrected";
    }
    if (e.not_found) {
        return "there is no such block";
    }
    if (e.crc) {
        return "the cable spoils its data";
    }
    return e.abort ? "the drive has aborted the command" : "the drive says no more";
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

void work_sensed(struct work *w, const uint8_t sense[SENSE_BYTES])
{
    unsigned key = sense[2] & 0xfu, asc = sense[12];
    bool passes = key == SENSE_ATTENTION || (key == SENSE_NOT_READY && asc == ASC_BECOMING);

    if (passes && w->unready++ < UNREADY_MAX) {
        return;
    }
    work_try_again(w, words_of_sense(key, asc));
}
