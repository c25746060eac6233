/*
 * pio.c - data through the data port, 32 bits at a time by one string instruction for each run.
 * The drive says how much comes; where it goes is cut along the requests of the work. What belongs
 * to a closed session is read away or written as zeros: the drive's protocol wants all of it.
 */
#include "ata.h"

#define WORD sizeof(uint32_t)

static void drain(const struct channel *c, enum work_kind kind, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at += WORD) {
        if (kind == WORK_READ) {
            (void)ata_data_data_read(c->data);
        } else {
            ata_data_data_write(c->data, 0);
        }
    }
}

static void move(const struct channel *c, enum work_kind kind, void *data, uint32_t bytes)
{
    if (kind == WORK_READ) {
        port_read32s(c->data.base, data, bytes / WORD);
    } else {
        port_write32s(c->data.base, data, bytes / WORD);
    }
}

void pio_move(struct channel *c, struct work *w, uint32_t bytes)
{
    uint32_t from = w->done + w->moved, end = w->first_part_end;
    const struct part *p = &w->part[w->first_part];

    w->moved += bytes;
    for (; bytes != 0; p++, end += p->bytes) {
        uint32_t n;

        if (end <= from) {
            continue;
        }
        n = end - from < bytes ? end - from : bytes;
        if (p->forgotten) {
            drain(c, w->kind, n);
        } else {
            move(c, w->kind,
                 (uint8_t *)driver_session_data(p->session) + p->offset + (p->bytes - (end - from)),
                 n);
        }
        from += n;
        bytes -= n;
    }
}
