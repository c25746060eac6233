/*
 * driver.c - the handlers of the AHCI driver: a controller with up to eight ports, each drive a
 * unit with sessions of its own. One request: driver_session_rung, port_run; its interrupt:
 * driver_irq, port_irq.
 */
#include "ahci.h"

#include <idl/block_desc.h>
#include <idl/block_server.h>
#include <loop.h>
#include <regs/ahci_table.h>
#include <regs_lines.h>

const struct idl_interface *const driver_interfaces[] = {&block_desc, NULL};

/* ---- life */

const char *driver_quiet(void)
{
    setup_resources();
    return setup_quiet();
}

const char *driver_attach(void)
{
    const char *wrong = setup_attach();

    for (unsigned i = 0; wrong == NULL && i < PORTS; i++) {
        const struct port *p = &ports[i];

        disk_tell(i, &p->disk, p->queues ? "queued DMA" : "DMA");
    }
    return wrong;
}

void driver_detach(void)
{
    (void)setup_quiet();
}

/* A pin may be shared: without a port that asks the interrupt was another device's. */
void driver_irq(unsigned index, uint64_t count)
{
    uint32_t asking = ahci_is_read(regs);

    (void)index;
    (void)count;
    for (uint32_t b = asking & ((1u << PORTS) - 1); b != 0; b &= b - 1) {
        port_irq(&ports[__builtin_ctz(b)]);
    }
    if (asking != 0) {
        ahci_is_write(regs, asking);
    }
}

void disk_look(uint64_t now_us)
{
    for (unsigned i = 0; i < PORTS; i++) {
        uint64_t next = port_look(&ports[i], now_us);

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
    struct port *p = port_at(driver_session_unit(s));

    return p != NULL ? &p->disk : NULL;
}

void driver_session_rung(unsigned s)
{
    struct port *p = port_at(driver_session_unit(s));

    if (p != NULL) {
        p->disk.rung |= 1ull << s;
        port_run(p);
    }
}

void driver_session_closed(unsigned s)
{
    struct port *p = port_at(driver_session_unit(s));

    if (p != NULL) {
        port_forget(p, s);
    }
}

DRIVER_SERVES(BLOCK_INTERFACE, block_dispatch)

/* ---- for the shell: the registers, which can all be read without harm */

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return regs_line_at(&ahci_regs_table, regs_bus_at(regs.base), index, text, size);
}
