/*
 * wild.c - for `inject`: have the controller go where it was never allowed to. A wild write is the
 * first words of what a disk says of itself, put there. A wild read is the fetch of a command table
 * there: what a drive were to be given from a foreign address would stay on the medium. Where
 * nothing stops the controller the table would be anything, so there it is refused.
 */
#include "ahci.h"

#define WILD_BYTES 4u     /* so that in the window of interrupts it is one */
#define WILD_US    20000u /* it is over by then */

static struct {
    struct port *port; /* null: nothing is to be done */
    uint64_t address;
    bool is_write;
} wild;

static struct port *any_port(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        if (ports[i].disk.kind == DISK_HARD && ports[i].phase == PHASE_RUN) {
            return &ports[i];
        }
    }
    return NULL;
}

bool driver_wild_dma(uint64_t address, bool is_write)
{
    struct port *p = any_port();

    if (p == NULL || (address > UINT32_MAX && !ahci_cap_read(regs).wide) ||
        (!is_write && driver_bus()->dma_mode == DRIVER_DMA_EVERYWHERE)) {
        return false;
    }
    wild.port = p;
    wild.address = address;
    wild.is_write = is_write;
    port_run(p);
    return true;
}

/* Slot 0's work, if it has one, is begun anew behind it. */
bool wild_begin(struct port *p)
{
    if (wild.port != p) {
        return false;
    }
    if (p->given != 0) {
        return true; /* no new ones until they are over */
    }
    wild.port = NULL;
    command_identify(p, 0, wild.is_write ? wild.address & ~3ull : command_buffer(p), WILD_BYTES);
    if (!wild.is_write) {
        ahci_header_table_write(&p->memory->list[0], wild.address & ~127ull);
    }
    p->phase = PHASE_WILD;
    ahci_port_ci_write(regs, p->index, 1);
    watch_until(driver_now_us() + WILD_US);
    return true;
}

/* What has become of it is no matter; the port is as after any error. */
void wild_end(struct port *p)
{
    ahci_header_table_write(&p->memory->list[0], command_table(p, 0));
    recover_begin(p, true);
}
