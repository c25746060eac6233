/*
 * driver.c - the handlers of the IDE driver: both channels of a PCI function in compatibility mode
 * (PIIX, PIIX3, PIIX4), up to four drives, each a unit with sessions of its own.
 * One request: driver_session_rung, channel_run; its interrupt: driver_irq, channel_irq.
 */
#include "ata.h"

#include <idl/block_desc.h>
#include <idl/block_server.h>
#include <loop.h>
#include <regs/ata_table.h>
#include <regs_lines.h>

const struct idl_interface *const driver_interfaces[] = {&block_desc, NULL};

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

        disk_tell(i, u != NULL ? &u->disk : NULL, u != NULL && u->dma ? "DMA" : "PIO");
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

void disk_look(uint64_t now_us)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        uint64_t next = channel_look(&channels[i], now_us);

        if (next != 0) {
            watch_until(next);
        }
    }
}

void driver_timer(void)
{
    watch_over();
}

/* ---- sessions */

struct disk *disk_of_session(unsigned s)
{
    struct unit *u = unit_at(driver_session_unit(s));

    return u != NULL ? &u->disk : NULL;
}

void driver_session_rung(unsigned s)
{
    struct unit *u = unit_at(driver_session_unit(s));

    if (u != NULL) {
        u->disk.rung |= 1ull << s;
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

/* ---- for the shell: the registers that can be read without harm, between two steps */

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    static const char *const titles[CHANNELS][2] = {
        {"primary channel", "primary channel, control"},
        {"secondary channel", "secondary channel, control"},
    };

    for (unsigned i = 0; i < CHANNELS; i++) {
        const struct channel *c = &channels[i];

        if (regs_line_below(titles[i][0], &ata_regs_table, regs_bus_at(c->regs.base), &index, text,
                            size) ||
            regs_line_below(titles[i][1], &ata_control_regs_table, regs_bus_at(c->control.base),
                            &index, text, size)) {
            return true;
        }
    }
    return regs_line_below("bus master", &ata_master_regs_table,
                           regs_bus_at(channels[0].master.base), &index, text, size);
}
