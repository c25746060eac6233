/*
 * setup.c - from whatever state to idle channels, and from there to known drives. Here alone the
 * driver waits: probe, quiet and attach may. Interrupts are off meanwhile.
 * Source: ATA/ATAPI-7 volume 2, section 9.2 (software reset) and 9.12 (signatures).
 */
#include "ata.h"

#include <regs/ata_identity.h>

#define IDENTIFY_DEVICE        0xecu
#define IDENTIFY_PACKET_DEVICE 0xa1u

#define POLL_US     100u
#define RESET_US    10u      /* at least 5 */
#define SETTLE_US   2000u    /* before the status means anything */
#define RESET_MAX   8000000u /* drives may take 31 s to spin up, but not those that have run */
#define COMMAND_MAX 1000000u
#define TRIES       4u /* a drive that was reset reports that first */

#define SIGNATURE_MID  0x14u
#define SIGNATURE_HIGH 0xebu

struct channel channels[CHANNELS];

void setup_resources(void)
{
    static const char *const names[CHANNELS][3] = {{"command0", "control0", "irq0"},
                                                   {"command1", "control1", "irq1"}};

    for (unsigned i = 0; i < CHANNELS; i++) {
        struct channel *c = &channels[i];

        c->index = i;
        c->regs = ata_regs_at(driver_ports(names[i][0]));
        c->data = ata_data_regs_at(driver_ports(names[i][0]));
        c->control = ata_control_regs_at(driver_ports(names[i][1]));
        c->irq = driver_irq_index(names[i][2]);
        c->master = ata_master_regs_at(driver_ports("master"));
        c->selected = DRIVES;
    }
}

static bool is_busy(const struct channel *c)
{
    return ata_control_again_read(c->control).busy;
}

static bool await_idle(const struct channel *c, uint32_t most_us)
{
    for (uint32_t us = 0; is_busy(c); us += POLL_US) {
        if (us >= most_us) {
            return false;
        }
        driver_await_us(POLL_US);
    }
    return true;
}

/* ---- quiet */

static void stop_master(struct channel *c)
{
    struct ata_master_channel_status status;

    ata_master_channel_command_write(c->master, c->index, (struct ata_master_channel_command){0});
    status = ata_master_channel_status_read(c->master, c->index);
    c->capable = (struct ata_master_channel_status_write){.capable0 = status.capable0,
                                                          .capable1 = status.capable1};
}

static bool has_work(const struct channel *c)
{
    struct ata_control_again status = ata_control_again_read(c->control);

    return status.busy || status.request;
}

/* Nobody home: what is not driven reads as ones. */
static bool is_empty(const struct channel *c)
{
    return ata_control_again_raw(ata_control_again_read(c->control)) == 0xff;
}

static const char *quiet_channel(struct channel *c)
{
    struct ata_master_channel_status_write clear;

    ata_control_device_write(c->control, (struct ata_control_device){.quiet = true});
    stop_master(c);
    if (is_empty(c)) {
        return NULL;
    }
    if (has_work(c)) {
        ata_control_device_write(c->control,
                                 (struct ata_control_device){.quiet = true, .reset = true});
        driver_await_us(RESET_US);
        ata_control_device_write(c->control, (struct ata_control_device){.quiet = true});
        driver_await_us(SETTLE_US);
    }
    if (!await_idle(c, RESET_MAX) || has_work(c)) {
        return "a drive stays busy after a reset";
    }
    (void)ata_status_read(c->regs);
    clear = c->capable;
    clear.clear_error = clear.clear_interrupt = true;
    ata_master_channel_status_write(c->master, c->index, clear);
    return ata_master_channel_status_read(c->master, c->index).active
               ? "the bus master stays active"
               : NULL;
}

const char *setup_quiet(void)
{
    const char *wrong = NULL;

    for (unsigned i = 0; wrong == NULL && i < CHANNELS; i++) {
        wrong = quiet_channel(&channels[i]);
    }
    return wrong;
}

/* ---- drives */

/* Wait for the end of a command or for its data. True: data is there. */
static bool await_data(const struct channel *c)
{
    struct ata_status status;

    if (!await_idle(c, COMMAND_MAX)) {
        return false;
    }
    status = ata_status_read(c->regs);
    return status.request && !status.error;
}

static bool ask(struct unit *u, uint8_t code, struct ata_identity *id)
{
    command_plain(u, code, 0);
    if (ata_status_raw(ata_status_read(u->channel->regs)) == 0 || !await_data(u->channel)) {
        return false;
    }
    port_read32s(u->channel->data.base, id, sizeof(*id) / sizeof(uint32_t));
    return true;
}

static bool has_packet_signature(const struct channel *c)
{
    return ata_lba_mid_read(c->regs) == SIGNATURE_MID &&
           ata_lba_high_read(c->regs) == SIGNATURE_HIGH;
}

/* ---- a CD's size */

static bool transfer(struct unit *u, const uint8_t packet[PACKET_BYTES], uint8_t *to,
                     uint16_t bytes)
{
    struct channel *c = u->channel;

    packet_command(u, bytes, false);
    if (!await_data(c)) {
        return false;
    }
    packet_send(c, packet);
    if (!await_data(c) || packet_count(c) != bytes) {
        return false;
    }
    port_read32s(c->data.base, to, bytes / sizeof(uint32_t));
    return await_idle(c, COMMAND_MAX) && !ata_status_read(c->regs).error;
}

/* Drop what is offered unasked for, so that the next command finds the drive idle. */
static void read_size(struct unit *u)
{
    uint8_t packet[PACKET_BYTES], size[SIZE_BYTES] = {0}, sense[SENSE_BYTES];

    for (unsigned i = 0; i < TRIES && u->disk.blocks == 0; i++) {
        packet_capacity(packet);
        if (transfer(u, packet, size, sizeof(size))) {
            u->disk.blocks = packet_blocks(size);
            return;
        }
        packet_sense(packet);
        (void)transfer(u, packet, sense, sizeof(sense));
    }
}

/* ---- all of them */

/* Without the data mapped here, which it is only where there is no DMA, there is no other way. */
static const char *settle_dma(struct unit *u)
{
    if (!driver_has_dma()) {
        u->dma = false;
        return NULL;
    }
    return u->dma ? NULL : "it can't do DMA, or the firmware has not turned it on";
}

static void accept(struct unit *u, const struct ata_identity *id, enum disk_kind kind)
{
    struct disk *d = &u->disk;
    const char *wrong = disk_identify(d, id, kind == DISK_CD);

    u->dma = d->dma;
    d->kind = kind;
    disk_name(d, u->channel->index * DRIVES + u->second);
    wrong = wrong == NULL ? settle_dma(u) : wrong;
    if (wrong != NULL) {
        driver_log("%s (%s) is not used: %s", d->name, d->model, wrong);
        d->kind = DISK_NONE;
        return;
    }
    u->unset = d->multiple > 1;
    if (kind == DISK_CD) {
        read_size(u);
    }
}

static void find_drive(struct channel *c, unsigned drive)
{
    struct unit *u = &c->unit[drive];
    struct ata_identity id;

    *u = (struct unit){.channel = c, .second = drive != 0};
    c->selected = DRIVES;
    (void)command_select(u);
    if (!await_idle(c, COMMAND_MAX)) {
        return;
    }
    if (ask(u, IDENTIFY_DEVICE, &id)) {
        accept(u, &id, DISK_HARD);
    } else if (has_packet_signature(c) && ask(u, IDENTIFY_PACKET_DEVICE, &id)) {
        accept(u, &id, DISK_CD);
    }
}

void setup_find_drives(void)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        struct channel *c = &channels[i];

        for (unsigned drive = 0; drive < DRIVES; drive++) {
            c->unit[drive] = (struct unit){.channel = c, .second = drive != 0};
            if (!is_empty(c)) {
                find_drive(c, drive);
            }
        }
        (void)ata_status_read(c->regs);
        ata_control_device_write(c->control, (struct ata_control_device){.quiet = false});
    }
}
