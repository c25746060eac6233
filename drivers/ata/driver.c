/*
 * driver.c - the handlers of the IDE driver: both channels of a PCI function in compatibility mode
 * (PIIX, PIIX3, PIIX4), up to four drives, each a unit with sessions of its own.
 * One request: driver_session_rung, channel_run; its interrupt: driver_irq, channel_irq.
 */
#include "ata.h"

#include <idl/block_desc.h>
#include <idl/block_server.h>
#include <loop.h>
#include <quoll/error.h>
#include <regs/ata_table.h>
#include <regs_lines.h>
#include <string.h>

#define WATCH_US 500000u

const struct idl_interface *const driver_interfaces[] = {&block_desc, NULL};

static uint64_t watched_until; /* 0: no timer is set */

/* ---- life */

const char *driver_quiet(void)
{
    setup_resources();
    return setup_quiet();
}

static void attach_dma(void)
{
    struct ata_prd *prd;

    if (!driver_has_dma()) {
        return;
    }
    prd = driver_dma("prd", NULL);
    for (unsigned i = 0; i < CHANNELS; i++) {
        channels[i].prd = prd + i * (size_t)PRDS;
        channels[i].prd_address =
            (uint32_t)driver_dma_address("prd") + i * PRDS * (uint32_t)sizeof(*prd);
    }
}

const char *driver_attach(void)
{
    attach_dma();
    setup_find_drives();
    for (unsigned i = 0; i < UNITS; i++) {
        const struct unit *u = unit_at(i);

        if (u != NULL) {
            driver_unit(i, u->name, true);
            driver_log("%s: %s, %lu blocks of %u bytes, by %s", u->name, u->model,
                       (unsigned long)u->blocks, (unsigned)u->block_bytes, u->dma ? "DMA" : "PIO");
        } else {
            driver_unit(i, "", false);
        }
    }
    return NULL;
}

void driver_detach(void)
{
    (void)setup_quiet();
}

void driver_irq(unsigned index, uint64_t count)
{
    (void)count;
    channel_irq(&channels[index == channels[1].irq]);
}

/* ---- the watch: one timer for both channels; it runs out and is not set back */

void watch_until(uint64_t us)
{
    if (watched_until == 0 || us < watched_until) {
        watched_until = us;
        driver_set_timer(us);
    }
}

void watch(void)
{
    if (watched_until == 0) {
        watch_until(driver_now_us() + WATCH_US);
    }
}

void driver_timer(void)
{
    uint64_t now = driver_now_us();

    watched_until = 0;
    for (unsigned i = 0; i < CHANNELS; i++) {
        uint64_t next = channel_look(&channels[i], now);

        if (next != 0) {
            watch_until(next);
        }
    }
}

/* ---- sessions */

void driver_session_rung(unsigned s)
{
    struct unit *u = unit_at(driver_session_unit(s));

    if (u != NULL) {
        u->rung |= 1ull << s;
        channel_run(u->channel);
    }
}

void driver_session_closed(unsigned s)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        channel_forget(&channels[i], s);
    }
}

DRIVER_SERVES(BLOCK_INTERFACE, block_dispatch)

int block_serve_info(struct call *call, struct block_geometry *result)
{
    const struct unit *u = unit_at(driver_session_unit(call_session(call)));

    if (u == NULL) {
        return E_NOT_FOUND;
    }
    *result = (struct block_geometry){.blocks = u->blocks,
                                      .block_bytes = u->block_bytes,
                                      .most_bytes = REQUEST_MAX,
                                      .is_read_only = u->kind == UNIT_CD};
    return E_OK;
}

/* ---- for the shell: the registers that can be read without harm, between two steps */

/* Lines of one table, counted so that the next one's follow. */
static bool line_of(const struct regs_table *table, uint16_t base, unsigned *index, char *text,
                    size_t size)
{
    unsigned lines = 0;

    if (regs_line_at(table, regs_bus_at(base), *index, text, size)) {
        return true;
    }
    while (regs_line_at(table, regs_bus_at(base), lines, text, size)) {
        lines++;
    }
    *index -= lines;
    return false;
}

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        const struct channel *c = &channels[i];

        if (line_of(&ata_regs_table, c->regs.base, &index, text, size) ||
            line_of(&ata_control_regs_table, c->control.base, &index, text, size)) {
            return true;
        }
    }
    return line_of(&ata_master_regs_table, channels[0].master.base, &index, text, size);
}
