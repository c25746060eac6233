/*
 * channel.c - a channel's state machine: command, data, interrupt, next command. Each step is a
 * handler's; what takes a moment without an interrupt is polled by the timer.
 * Source: ATA/ATAPI-7 volume 2, section 9 (protocols: 9.5 PIO in, 9.6 PIO out, 9.7 DMA, 9.8
 * packet).
 */
#include "ata.h"

#include <quoll/error.h>

#define FLUSH_CACHE       0xe7u
#define FLUSH_CACHE_EXT   0xeau
#define SET_MULTIPLE_MODE 0xc6u

#define POLL_US    200u     /* for what comes without an interrupt */
#define POLL_MAX   1000000u /* and for how long */
#define BURST_MOST 0xf800u  /* bytes of a packet command's transfer at a time: whole blocks */

static bool uses_packets(const struct work *w)
{
    return w->disk->kind == DISK_CD;
}

/* ---- the end of a command */

static void succeed(struct channel *c)
{
    c->phase = PHASE_IDLE;
    work_advance(&c->work);
}

static bool has_failed(struct ata_status status)
{
    return status.error || status.fault;
}

static void begin_sense(struct channel *c);

static void fail(struct channel *c)
{
    if (uses_packets(&c->work)) {
        begin_sense(c);
    } else {
        recover_error(c, ata_error_read(c->regs));
    }
}

/* ---- commands */

/* A phase that is polled begins. */
static void poll(struct channel *c, enum phase phase)
{
    c->phase = phase;
    c->phase_end_us = 0;
    watch_until(driver_now_us() + POLL_US);
}

/* How much one interrupt of PIO is about. */
static uint32_t burst(const struct work *w)
{
    uint32_t most = w->disk->multiple * w->disk->block_bytes, left = w->now - w->moved;

    return most < left ? most : left;
}

/* Section 9.6, HPIOO1: the first data is asked for without an interrupt. */
static bool give_first(struct channel *c)
{
    struct ata_control_again status = ata_control_again_read(c->control);

    if (status.busy || (!status.request && !status.error && !status.fault)) {
        return false;
    }
    if (!status.request) {
        fail(c);
        return true;
    }
    c->phase = PHASE_WRITE;
    pio_move(c, &c->work, burst(&c->work));
    return true;
}

static void issue_disk(struct channel *c)
{
    struct work *w = &c->work;
    const struct unit *u = unit_of(w);
    uint64_t lba = w->lba + w->done / SECTOR;
    uint32_t sectors = w->now / SECTOR;
    bool wide = command_is_wide(u, lba, sectors);

    if (u->dma) {
        dma_prepare(c, w);
    }
    command_write(u, command_code(u, w->kind, wide), lba, sectors, wide);
    if (u->dma) {
        c->phase = PHASE_DMA;
        dma_go(c, w);
    } else if (w->kind == WORK_READ) {
        c->phase = PHASE_READ;
    } else {
        c->phase = PHASE_ASKED;
        if (!give_first(c)) {
            poll(c, PHASE_ASKED);
        }
    }
}

/* Section 9.8, HP0: the packet is asked for without an interrupt. True: it was sent. */
static bool give_packet(struct channel *c)
{
    struct ata_control_again status = ata_control_again_read(c->control);
    uint8_t packet[PACKET_BYTES];
    bool sense = c->phase == PHASE_SENSE;

    if (status.busy || !status.request) {
        return false;
    }
    if (sense) {
        packet_sense(packet);
    } else {
        packet_read(&c->work, packet);
    }
    packet_send(c, packet);
    if (sense) {
        c->phase = PHASE_SENSE_DATA;
    } else if (unit_of(&c->work)->dma) {
        c->phase = PHASE_DMA;
        dma_go(c, &c->work);
    } else {
        c->phase = PHASE_PACKET_DATA;
    }
    return true;
}

static void begin_packet(struct channel *c, enum phase phase, uint32_t bytes, bool dma)
{
    packet_command(unit_of(&c->work), bytes < BURST_MOST ? (uint16_t)bytes : BURST_MOST, dma);
    c->phase = phase;
    if (!give_packet(c)) {
        poll(c, phase);
    }
}

static void begin_sense(struct channel *c)
{
    begin_packet(c, PHASE_SENSE, sizeof(c->sense), false);
}

static void issue_packet(struct channel *c)
{
    if (unit_of(&c->work)->dma) {
        dma_prepare(c, &c->work);
    }
    begin_packet(c, PHASE_PACKET, c->work.now, unit_of(&c->work)->dma);
}

static void issue(struct channel *c)
{
    struct work *w = &c->work;
    struct unit *u = unit_of(w);

    c->fresh = true;
    watch();
    if (!command_select(u)) {
        recover_confusion(c);
    } else if (w->kind == WORK_FLUSH) {
        c->phase = PHASE_PLAIN;
        command_plain(u, u->disk.flush_wide ? FLUSH_CACHE_EXT : FLUSH_CACHE, 0);
    } else if (u->unset && !u->dma) {
        c->phase = PHASE_SETTING;
        command_plain(u, SET_MULTIPLE_MODE, u->disk.multiple);
    } else {
        w->now = work_next(w, command_most(u));
        w->moved = 0;
        (uses_packets(w) ? issue_packet : issue_disk)(c);
    }
}

/* The drives by turns. */
static bool take_work(struct channel *c)
{
    for (unsigned i = 0; i < DRIVES; i++) {
        struct unit *u = &c->unit[(c->turn + i) % DRIVES];

        if (u->disk.kind != DISK_NONE && work_take(&u->disk, &c->work)) {
            c->turn = !u->second;
            return true;
        }
    }
    return false;
}

/* A loop, as commands can fail at once. */
void channel_run(struct channel *c)
{
    while (c->phase == PHASE_IDLE) {
        if (wild_begin(c)) {
            watch();
        } else if (work_is_left(&c->work) || take_work(c)) {
            issue(c);
        } else {
            return;
        }
    }
}

/* ---- interrupts */

/* Section 9.5, HPIOI1: each burst has one. The last one ends the command. */
static void end_read(struct channel *c, struct ata_status status)
{
    struct work *w = &c->work;

    if (has_failed(status)) {
        fail(c);
    } else if (status.request) {
        pio_move(c, w, burst(w));
        if (w->moved == w->now) {
            succeed(c);
        }
    }
}

static void end_write(struct channel *c, struct ata_status status)
{
    struct work *w = &c->work;

    if (has_failed(status)) {
        fail(c);
    } else if (w->moved == w->now) {
        succeed(c);
    } else if (status.request) {
        pio_move(c, w, burst(w));
    }
}

/* Section 3.1 of the bus master's document, steps 5 to 7. */
static void end_dma(struct channel *c)
{
    struct ata_master_channel_status master;
    struct ata_status status;

    if (!ata_master_channel_status_read(c->master, c->index).interrupt) {
        return; /* not of this command */
    }
    master = dma_stop(c);
    status = ata_status_read(c->regs);
    if (has_failed(status) || master.error) {
        fail(c);
    } else if (status.busy || status.request) {
        recover_confusion(c); /* it wants to move more, or less, than was asked for */
    } else {
        succeed(c);
    }
}

static void end_setting(struct channel *c, struct ata_status status)
{
    struct unit *u = unit_of(&c->work);

    u->unset = false;
    if (has_failed(status)) {
        u->disk.multiple = 1;
    }
    c->phase = PHASE_IDLE;
}

static void end_plain(struct channel *c, struct ata_status status)
{
    if (has_failed(status)) {
        fail(c);
    } else {
        succeed(c);
    }
}

/* Section 9.8: data comes in bursts of as many bytes as the drive says; then the end. */
static void end_packet_data(struct channel *c, struct ata_status status)
{
    struct work *w = &c->work;
    uint32_t n = status.request ? packet_count(c) : 0;

    if (has_failed(status)) {
        fail(c);
    } else if (n > w->now - w->moved || n % sizeof(uint32_t) != 0) {
        recover_confusion(c);
    } else if (status.request) {
        pio_move(c, w, n);
    } else if (w->moved == w->now) {
        succeed(c);
    } else {
        fail(c);
    }
}

static void end_sense(struct channel *c, struct ata_status status)
{
    if (has_failed(status)) {
        recover_confusion(c);
    } else if (!status.request) {
        c->phase = PHASE_IDLE;
        work_sensed(&c->work, c->sense);
    } else if (packet_count(c) != sizeof(c->sense)) {
        recover_confusion(c);
    } else {
        port_read32s(c->data.base, c->sense, sizeof(c->sense) / sizeof(uint32_t));
    }
}

static void step(struct channel *c, struct ata_status status)
{
    switch (c->phase) {
    case PHASE_SETTING:
        end_setting(c, status);
        break;
    case PHASE_PLAIN:
        end_plain(c, status);
        break;
    case PHASE_READ:
        end_read(c, status);
        break;
    case PHASE_WRITE:
        end_write(c, status);
        break;
    case PHASE_PACKET_DATA:
        end_packet_data(c, status);
        break;
    case PHASE_SENSE_DATA:
        end_sense(c, status);
        break;
    default: /* nothing is expected, or it is polled for */
        break;
    }
}

/* One that is latched from a command before, or from the reset, finds the drive busy or idle, and
 * changes nothing. */
void channel_irq(struct channel *c)
{
    struct ata_status status;

    if (c->phase == PHASE_DMA) {
        end_dma(c);
    } else if (c->phase == PHASE_WILD) {
        (void)wild_end(c, false);
    } else {
        status = ata_status_read(c->regs);
        if (!status.busy) {
            step(c, status);
        }
    }
    channel_run(c);
}

/* ---- looking after it */

static uint64_t look_polled(struct channel *c, uint64_t now_us)
{
    bool gone_on = c->phase == PHASE_ASKED ? give_first(c) : give_packet(c);

    if (gone_on) {
        channel_run(c);
        return now_us + WATCH_US;
    }
    if (c->phase_end_us == 0) {
        c->phase_end_us = now_us + POLL_MAX;
    } else if (now_us >= c->phase_end_us) {
        recover_timeout(c);
        channel_run(c);
    }
    return now_us + POLL_US;
}

/* Is the drive done, though no interrupt has come? */
static bool is_done(const struct channel *c)
{
    return !ata_control_again_read(c->control).busy &&
           (c->phase != PHASE_DMA || ata_master_channel_status_read(c->master, c->index).interrupt);
}

/* The clock can run faster than the drive, as an emulator's does: so what counts first is what the
 * drive says. */
static uint64_t look_at_drive(struct channel *c, uint64_t now_us)
{
    if (c->fresh) {
        c->fresh = false;
        c->since_us = now_us;
    } else if (is_done(c)) {
        channel_irq(c);
    } else if (now_us - c->since_us >= LATE_US) {
        recover_timeout(c);
        channel_run(c);
    } else {
        work_waits(&c->work);
    }
    return now_us + WATCH_US;
}

uint64_t channel_look(struct channel *c, uint64_t now_us)
{
    switch (c->phase) {
    case PHASE_IDLE:
        channel_run(c);
        return 0;
    case PHASE_ASKED:
    case PHASE_PACKET:
    case PHASE_SENSE:
        return look_polled(c, now_us);
    case PHASE_RESET:
    case PHASE_RECOVER:
        return recover_look(c, now_us);
    case PHASE_WILD:
        if (wild_end(c, true)) {
            channel_run(c);
        }
        return now_us + WATCH_US;
    default:
        return look_at_drive(c, now_us);
    }
}

void channel_forget(struct channel *c, unsigned s)
{
    for (unsigned i = 0; i < DRIVES; i++) {
        disk_forget(&c->unit[i].disk, s);
    }
    if (work_forget(&c->work, s) && c->phase == PHASE_DMA) {
        recover_reset(c); /* the bus master stops here and now */
    }
}
