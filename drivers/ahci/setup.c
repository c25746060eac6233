/*
 * setup.c - from whatever state to stopped ports, and from there to known drives. Here alone the
 * driver waits: quiet and attach may. Interrupts are off meanwhile.
 * Source: AHCI 1.3.1, sections 10.1.2 (starting the controller), 10.3.1 (starting a port), 10.4.2
 * and 10.4.3 (resets), 10.6.3 (taking over from the firmware).
 */
#include "ahci.h"

#include <regs/ata_identity.h>
#include <string.h>

#define POLL_US         100u
#define LINK_MAX        20000u   /* section 10.1.1: a device is seen within 10 ms */
#define READY_MAX       8000000u /* drives may take 31 s to spin up, but not those that have run */
#define COMMAND_MAX     1000000u
#define RESET_MAX       1000000u /* section 10.4.3 */
#define FIRMWARE_US     25000u   /* section 10.6.3 */
#define FIRMWARE_MAX    2000000u
#define TRIES           4u /* a drive that was reset reports that first */
#define PORTS_OF_MEMORY 4u
#define ACTIVE          1u /* ICC */
#define ALL_PORTS       ((1u << PORTS) - 1)

#define SIGNATURE_DISK 0x00000101u
#define SIGNATURE_CD   0xeb140101u

struct ahci_regs regs;
struct port ports[PORTS];

void setup_resources(void)
{
    regs = ahci_regs_at((uintptr_t)driver_mmio("hba", NULL));
    for (unsigned i = 0; i < PORTS; i++) {
        ports[i].index = i;
    }
}

static bool await(bool (*is_so)(unsigned port), unsigned port, uint32_t most_us)
{
    for (uint32_t us = 0; !is_so(port); us += POLL_US) {
        if (us >= most_us) {
            return false;
        }
        driver_await_us(POLL_US);
    }
    return true;
}

static bool has_stopped(unsigned port)
{
    return !ahci_port_cmd_read(regs, port).runs;
}

static bool receives_nothing(unsigned port)
{
    return !ahci_port_cmd_read(regs, port).receives;
}

static bool has_reset(unsigned port)
{
    (void)port;
    return !ahci_ghc_read(regs).reset;
}

static bool is_linked(unsigned port)
{
    return ahci_port_ssts_read(regs, port).detection == AHCI_DETECTION_LINKED;
}

static bool is_ready(unsigned port)
{
    struct ahci_port_tfd tfd = ahci_port_tfd_read(regs, port);

    return !tfd.busy && !tfd.request;
}

static bool is_done(unsigned port)
{
    return ahci_port_ci_read(regs, port) == 0 || ahci_port_is_read(regs, port).failed;
}

static bool has_left(unsigned port)
{
    struct ahci_bohc bohc = ahci_bohc_read(regs);

    (void)port;
    return !bohc.firmware && !bohc.firmware_busy;
}

/* ---- quiet */

/* Section 10.6.3. Firmware that does not answer has had its time. */
static void take_over(void)
{
    if (!ahci_cap2_read(regs).handoff || !ahci_bohc_read(regs).firmware) {
        return;
    }
    ahci_bohc_write(regs, (struct ahci_bohc_write){.system = true, .firmware = true});
    driver_await_us(FIRMWARE_US);
    (void)await(has_left, 0, FIRMWARE_MAX);
}

/* Section 10.4.2; the drive comes back while there is other work to do. */
static void reset_drive(unsigned port)
{
    ahci_port_sctl_set_detection(regs, port, AHCI_DETECTION_ORDER_RESET);
    driver_await_us(COMRESET_US);
    ahci_port_sctl_set_detection(regs, port, AHCI_DETECTION_ORDER_NONE);
}

/* Section 10.1.2, step 3. A model may go on with what it was given before, though the port has
 * stopped; a reset of the drive ends that, too. */
static bool stop_port(unsigned port)
{
    bool has_work = (ahci_port_ci_read(regs, port) | ahci_port_sact_read(regs, port)) != 0;

    ahci_port_ie_write(regs, port, (struct ahci_port_ie){.ended = false});
    ahci_port_cmd_set_start(regs, port, false);
    if (!await(has_stopped, port, STOP_US)) {
        return false;
    }
    ahci_port_cmd_set_receive(regs, port, false);
    if (!await(receives_nothing, port, STOP_US)) {
        return false;
    }
    if (has_work) {
        reset_drive(port);
    }
    ahci_port_is_write(regs, port, ahci_port_is_write_of(UINT32_MAX));
    return true;
}

/* Section 10.4.3; afterwards AHCI must be turned on again. */
static const char *reset_controller(void)
{
    ahci_ghc_write(regs, (struct ahci_ghc_write){.ahci = true, .reset = true});
    if (!await(has_reset, 0, RESET_MAX)) {
        return "the controller does not come back from a reset";
    }
    ahci_ghc_write(regs, (struct ahci_ghc_write){.ahci = true});
    return NULL;
}

const char *setup_quiet(void)
{
    uint32_t there;
    bool stopped;

    take_over();
    ahci_ghc_write(regs, (struct ahci_ghc_write){.ahci = true}); /* and no interrupts */
    there = ahci_pi_read(regs);
    stopped = (there & ~ALL_PORTS) == 0; /* of others nothing is known */
    for (uint32_t b = there & ALL_PORTS; b != 0; b &= b - 1) {
        stopped = stop_port((unsigned)__builtin_ctz(b)) && stopped;
    }
    ahci_is_write(regs, UINT32_MAX);
    return stopped ? NULL : reset_controller();
}

/* ---- the controller and its ports */

/* Section 10.3.1: a drive that is linked and ready. */
void setup_start(struct port *p)
{
    ahci_port_serr_write(regs, p->index, UINT32_MAX);
    ahci_port_is_write(regs, p->index, ahci_port_is_write_of(UINT32_MAX));
    ahci_port_cmd_set_start(regs, p->index, true);
    p->phase = PHASE_RUN;
}

/* Section 10.1.2, steps 5 and 6; power and link, where they are the software's (10.1.1). */
static void prepare(struct port *p)
{
    struct ahci_port_cmd cmd = ahci_port_cmd_read(regs, p->index);
    uint64_t received = p->memory_address + offsetof(struct port_memory, received);

    for (unsigned slot = 0; slot < SLOTS; slot++) {
        ahci_header_table_write(&p->memory->list[slot], command_table(p, slot));
    }
    ahci_port_clb_write(regs, p->index, (uint32_t)p->memory_address);
    ahci_port_clbu_write(regs, p->index, (uint32_t)(p->memory_address >> 32));
    ahci_port_fb_write(regs, p->index, (uint32_t)received);
    ahci_port_fbu_write(regs, p->index, (uint32_t)(received >> 32));
    cmd.receive = cmd.spin_up = cmd.power = true;
    cmd.link_state = ACTIVE;
    ahci_port_cmd_write(regs, p->index, cmd);
}

static const char *memory_of(unsigned port)
{
    return port < PORTS_OF_MEMORY ? "ports0" : "ports4";
}

static bool is_in_reach(void)
{
    return ahci_cap_read(regs).wide || (driver_dma_address("ports0") <= UINT32_MAX &&
                                        driver_dma_address("ports4") <= UINT32_MAX);
}

static void prepare_all(uint32_t there)
{
    for (uint32_t b = there; b != 0; b &= b - 1) {
        unsigned i = (unsigned)__builtin_ctz(b);
        const char *name = memory_of(i);

        ports[i].memory = (struct port_memory *)driver_dma(name, NULL) + i % PORTS_OF_MEMORY;
        ports[i].memory_address =
            driver_dma_address(name) + i % PORTS_OF_MEMORY * sizeof(struct port_memory);
        prepare(&ports[i]);
    }
}

/* ---- drives */

/* The command in slot 0, to its end. */
static bool run(const struct port *p)
{
    ahci_port_is_write(regs, p->index, ahci_port_is_write_of(UINT32_MAX));
    ahci_port_ci_write(regs, p->index, 1);
    return await(is_done, p->index, COMMAND_MAX) && !ahci_port_tfd_read(regs, p->index).failed;
}

/* Section 6.2.2.1: a port that has seen an error takes nothing more. */
static bool restart(struct port *p)
{
    ahci_port_cmd_set_start(regs, p->index, false);
    if (!await(has_stopped, p->index, STOP_US)) {
        return false;
    }
    if (!is_ready(p->index)) {
        reset_drive(p->index);
        if (!await(is_linked, p->index, LINK_MAX) || !await(is_ready, p->index, READY_MAX)) {
            return false;
        }
    }
    setup_start(p);
    return true;
}

static void read_size(struct port *p)
{
    uint8_t packet[PACKET_BYTES], size[SIZE_BYTES];

    for (unsigned i = 0; i < TRIES && p->disk.blocks == 0; i++) {
        packet_capacity(packet);
        command_packet(p, 0, packet, SIZE_BYTES);
        if (run(p)) {
            memcpy(size, p->memory->buffer, sizeof(size));
            p->disk.blocks = packet_blocks(size);
            return;
        }
        packet_sense(packet);
        command_packet(p, 0, packet, SENSE_BYTES);
        if (!restart(p) || (!run(p) && !restart(p))) {
            return;
        }
    }
}

static const char *accept(struct port *p, bool is_cd)
{
    struct ata_identity id;
    const char *wrong;

    memcpy(&id, p->memory->buffer, sizeof(id)); /* the device can write there at any time */
    wrong = disk_identify(&p->disk, &id, is_cd);
    if (wrong == NULL && !is_cd && !p->disk.wide) {
        return "it has no 48-bit commands";
    }
    return wrong;
}

/* Commands at a time: as many as both sides have. */
static void settle_queue(struct port *p)
{
    struct ahci_cap cap = ahci_cap_read(regs);
    unsigned slots = cap.slots + 1u, depth = p->disk.queue;

    p->queues = cap.queues && depth != 0 && p->disk.kind == DISK_HARD;
    depth = p->queues ? (depth < slots ? depth : slots) : 1;
    p->slots = depth == SLOTS ? UINT32_MAX : (1u << depth) - 1;
}

static void identify(struct port *p)
{
    const char *wrong;

    command_identify(p, 0);
    wrong = run(p) ? accept(p, p->disk.kind == DISK_CD) : "it does not say what it is";
    disk_name(&p->disk, p->index);
    if (wrong != NULL) {
        driver_log("%s (%s) is not used: %s", p->disk.name, p->disk.model, wrong);
        p->disk.kind = DISK_NONE;
        p->phase = PHASE_NONE;
        (void)stop_port(p->index);
        return;
    }
    settle_queue(p);
    if (p->disk.kind == DISK_CD) {
        read_size(p);
    }
}

static void find_drive(struct port *p)
{
    uint32_t signature;

    p->disk = (struct disk){.kind = DISK_NONE};
    p->phase = PHASE_NONE;
    if (!is_linked(p->index)) {
        return;
    }
    if (!await(is_ready, p->index, READY_MAX)) {
        driver_log("port %u: its drive does not become ready", p->index);
        return;
    }
    signature = ahci_port_sig_read(regs, p->index);
    if (signature != SIGNATURE_DISK && signature != SIGNATURE_CD) {
        driver_log("port %u: what is there is neither a disk nor a CD (%x)", p->index, signature);
        return;
    }
    p->disk.kind = signature == SIGNATURE_CD ? DISK_CD : DISK_HARD;
    setup_start(p);
    identify(p);
}

/* All ports have the same 20 ms to find their devices. */
static void await_links(uint32_t there)
{
    for (uint32_t us = 0; us < LINK_MAX; us += POLL_US * 10) {
        uint32_t waits = 0;

        for (uint32_t b = there; b != 0; b &= b - 1) {
            unsigned i = (unsigned)__builtin_ctz(b);

            waits += ahci_port_ssts_read(regs, i).detection == AHCI_DETECTION_PRESENT;
        }
        if (waits == 0 && us != 0) {
            return;
        }
        driver_await_us(POLL_US * 10);
    }
}

static void enable_interrupts(uint32_t there)
{
    for (unsigned i = 0; i < PORTS; i++) {
        if ((there >> i & 1) != 0 && ports[i].disk.kind != DISK_NONE) {
            ahci_port_is_write(regs, i, ahci_port_is_write_of(UINT32_MAX));
            ahci_port_ie_write(regs, i,
                               (struct ahci_port_ie){.ended = true,
                                                     .queued_ended = true,
                                                     .overflow = true,
                                                     .link_fatal = true,
                                                     .bus_data = true,
                                                     .bus_fatal = true,
                                                     .failed = true});
        }
    }
    ahci_is_write(regs, UINT32_MAX);
    ahci_ghc_write(regs, (struct ahci_ghc_write){.ahci = true, .interrupts = true});
}

const char *setup_attach(void)
{
    uint32_t there = ahci_pi_read(regs) & ALL_PORTS;

    if (!driver_has_dma()) {
        return "it can't reach memory";
    }
    if (!is_in_reach()) {
        return "its memory lies where the controller does not reach";
    }
    prepare_all(there);
    await_links(there);
    for (uint32_t b = there; b != 0; b &= b - 1) {
        find_drive(&ports[__builtin_ctz(b)]);
    }
    enable_interrupts(there);
    return NULL;
}
