/*
 * wild.c - for `inject`: have the controller go where it was never allowed to. First the disk's
 * first block is read into memory of the driver's own: on a test disk (test_disk.h) a wild write is
 * then block 1 read to the address, and a wild read is block 1 written from there, so that what the
 * disk was given can be read back. What is on other disks is left alone: there a wild write is the
 * first block read to the address, but not to where interrupts go, as nobody knows what it would
 * ask for; and a wild read is the fetch of a command, unless nothing stops the controller, which
 * would do whatever it finds.
 */
#include "ahci.h"

#include <string.h>
#include <test_disk.h>

#define TEST_BLOCK  1u
#define MESSAGES_AT 0xfee00000u /* Intel SDM vol. 3A, 10.11.1; 1 MiB */
#define LOOK_US     10000u
#define LOOKS_MAX   100u /* at a command that does not end */

static struct {
    struct port *port; /* null: nothing is to be done */
    uint64_t address;
    bool is_write, has_looked, on_test_disk;
    unsigned looks;
} wild;

static struct port *any_port(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        if (ports[i].disk.kind == DISK_HARD && ports[i].phase != PHASE_LOST) {
            return &ports[i];
        }
    }
    return NULL;
}

bool driver_wild_dma(uint64_t address, bool is_write)
{
    struct port *p = any_port();

    if (p == NULL || (address > UINT32_MAX && !ahci_cap_read(regs).wide)) {
        return false;
    }
    wild.port = p;
    wild.address = address & ~127ull; /* what a table needs */
    wild.is_write = is_write;
    wild.has_looked = wild.on_test_disk = false;
    port_run(p);
    return true;
}

/* Slot 0's work, if it has one, is begun anew behind it. */
static void go(struct port *p)
{
    p->phase = PHASE_WILD;
    wild.looks = 0;
    ahci_port_ci_write(regs, p->index, 1);
    watch_until(driver_now_us() + LOOK_US);
}

static const char *why_not(void)
{
    bool unstopped = driver_bus()->dma_mode == DRIVER_DMA_EVERYWHERE;

    if (!wild.on_test_disk && wild.is_write && (wild.address & ~0xfffffull) == MESSAGES_AT) {
        return "what is on this disk could ask for anything where interrupts go";
    }
    if (!wild.on_test_disk && !wild.is_write && unstopped) {
        return "nothing would stop it, and what is on this disk is left alone";
    }
    return NULL;
}

static void access(struct port *p)
{
    uint64_t block = wild.on_test_disk ? TEST_BLOCK : 0;

    if (wild.is_write || wild.on_test_disk) {
        command_block(p, 0, !wild.is_write, block, wild.address);
    } else {
        ahci_header_table_write(&p->memory->list[0], wild.address);
    }
    go(p);
}

bool wild_begin(struct port *p)
{
    const char *wrong;

    if (wild.port != p) {
        return false;
    }
    if (p->given != 0) {
        return true; /* no new ones until they are over */
    }
    if (!wild.has_looked) {
        command_block(p, 0, false, 0, command_buffer(p));
        go(p);
        return true;
    }
    wild.port = NULL;
    wrong = why_not();
    if (wrong != NULL) {
        driver_log("inject: %s: %s", p->disk.name, wrong);
        return false;
    }
    access(p);
    return true;
}

/* What becomes of the access itself is no matter; the port is as after any error. */
uint64_t wild_look(struct port *p, uint64_t now_us)
{
    if (ahci_port_ci_read(regs, p->index) != 0 && ++wild.looks < LOOKS_MAX) {
        return now_us + LOOK_US;
    }
    ahci_header_table_write(&p->memory->list[0], command_table(p, 0));
    if (wild.port == p) {
        wild.has_looked = true;
        wild.on_test_disk =
            memcmp(p->memory->buffer, TEST_DISK_MARK, sizeof(TEST_DISK_MARK) - 1) == 0;
    }
    recover_begin(p, true);
    return 0;
}
