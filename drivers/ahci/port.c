/*
 * port.c - a port at work: slots, commands, interrupts.
 * Source: AHCI 1.3.1, sections 5.5 (software's side of a command) and 5.6.4 (queued commands).
 */
#include "ahci.h"

#include <string.h>

#define CLOSE_US                                                                                   \
    300000u /* what is at the drive for a closed session may end by itself for so long */

/* Bits of the error register that only a command that has failed leaves: ICRC, UNC, IDNF, ABRT.
 * QEMU's status is that of the last command that ended, be it after the one that failed. */
#define ERROR_BITS 0xd4u

static unsigned first_of(uint32_t slots)
{
    return (unsigned)__builtin_ctz(slots);
}

/* ---- beginning */

static void give(struct port *p, unsigned slot, bool single)
{
    p->single = single;
    p->since_us[slot] = 0;
    p->ready |= 1u << slot;
    watch();
}

static void give_alone(struct port *p)
{
    unsigned slot = first_of(p->alone);
    struct work *w = &p->work[slot];
    uint8_t packet[PACKET_BYTES];

    p->sensing = p->ask_sense;
    p->ask_sense = false;
    if (p->sensing) {
        packet_sense(packet);
        command_packet(p, slot, packet, SENSE_BYTES);
    } else {
        w->now = work_next(w, ALL_BYTES);
        command_single(p, slot);
    }
    give(p, slot, true);
}

static bool take(struct port *p)
{
    uint32_t unused = p->slots & ~p->begun;
    unsigned slot;

    if (unused == 0 || !work_take(&p->disk, &p->work[first_of(unused)])) {
        return false;
    }
    slot = first_of(unused);
    p->begun |= 1u << slot;
    if (!p->queues || p->work[slot].kind == WORK_FLUSH) {
        p->alone |= 1u << slot;
        return true;
    }
    p->work[slot].now = p->work[slot].bytes;
    command_queued(p, slot);
    give(p, slot, false);
    return true;
}

/* What needs the drive for itself waits until it has it; so does everything behind it. */
static bool step(struct port *p)
{
    if (p->single && p->given != 0) {
        return false;
    }
    if (p->alone == 0) {
        return take(p);
    }
    if (p->given == 0 && p->ready == 0) {
        give_alone(p);
    }
    return false;
}

/* Section 5.5.1: of queued commands sact is set before ci. One bell for all. */
static void ring(struct port *p)
{
    uint32_t ready = p->ready;

    if (ready == 0) {
        return;
    }
    p->given |= ready;
    p->ready = 0;
    if (!p->single) {
        ahci_port_sact_write(regs, p->index, ready);
    }
    ahci_port_ci_write(regs, p->index, ready);
}

void port_run(struct port *p)
{
    if (p->phase == PHASE_LOST && take(p)) {
        p->ready = 0;
        recover_begin(p, true);
    }
    if (p->phase != PHASE_RUN || wild_begin(p)) {
        return;
    }
    while (step(p)) {
    }
    ring(p);
}

/* ---- ends */

/* A session whose last work has ended is let go of. */
static void let_go(struct port *p)
{
    uint64_t left = 0;

    for (uint32_t b = p->begun; b != 0; b &= b - 1) {
        left |= 1ull << p->work[first_of(b)].part[0].session;
    }
    for (uint64_t over = p->closing & ~left; over != 0; over &= over - 1) {
        driver_session_let_go((unsigned)__builtin_ctzll(over));
    }
    p->closing &= left;
}

void port_settle(struct port *p)
{
    for (uint32_t b = p->begun; b != 0; b &= b - 1) {
        if (!work_is_left(&p->work[first_of(b)])) {
            p->begun &= ~(b & -b);
        }
    }
    p->alone &= p->begun;
    if (p->closing != 0) {
        let_go(p);
    }
}

/* What is left of a work goes on by itself: a part of it is forgotten, or it was begun anew. */
static void succeed(struct port *p, unsigned slot)
{
    struct work *w = &p->work[slot];

    p->given &= ~(1u << slot);
    if (p->sensing) {
        uint8_t sense[SENSE_BYTES];

        /* The device can write there at any time. */
        memcpy(sense, p->memory->buffer, sizeof(sense));
        p->sensing = false;
        work_sensed(w, sense);
    } else {
        work_advance(w);
    }
    if (work_is_left(w)) {
        p->alone |= 1u << slot;
    }
}

static bool has_failed(struct ahci_port_is is)
{
    return is.failed || is.bus_fatal || is.bus_data || is.link_fatal || is.overflow;
}

/* A CD may return less than it was asked for. */
static bool is_short(const struct port *p)
{
    unsigned slot = first_of(p->given);

    return p->disk.kind == DISK_CD && !p->sensing &&
           ahci_header_moved_read(&p->memory->list[slot]) != p->work[slot].now;
}

/* The status is of this command only when it has ended. */
static void end_single(struct port *p, bool failed, struct ahci_port_tfd tfd)
{
    uint32_t done = p->given & ~ahci_port_ci_read(regs, p->index);

    if (failed || (done != 0 && (tfd.failed || tfd.fault || is_short(p)))) {
        recover_single(p, tfd.error);
    } else if (done != 0) {
        succeed(p, first_of(done));
        port_settle(p);
    }
}

/* Section 5.6.4, and 6.2.2.2 for errors: what is still in sact then has not been done, and which of
 * them failed is not known. */
static void end_queued(struct port *p, bool failed, struct ahci_port_tfd tfd)
{
    uint32_t done = p->given & ~ahci_port_sact_read(regs, p->index);

    for (; done != 0; done &= done - 1) {
        succeed(p, first_of(done));
    }
    port_settle(p);
    if (failed || tfd.failed || (tfd.error & ERROR_BITS) != 0) {
        recover_begin(p, true);
    }
}

/* Section 5.5.3: the port's status is cleared first, the controller's behind it; then what has
 * ended is looked for, so that nothing is missed. */
void port_irq(struct port *p)
{
    struct ahci_port_is is = ahci_port_is_read(regs, p->index);
    struct ahci_port_tfd tfd;

    ahci_port_is_write(regs, p->index, ahci_port_is_write_of(ahci_port_is_raw(is)));
    if (p->phase != PHASE_RUN || p->given == 0) {
        return;
    }
    tfd = ahci_port_tfd_read(regs, p->index);
    if (p->single) {
        end_single(p, has_failed(is), tfd);
    } else {
        end_queued(p, has_failed(is), tfd);
    }
    port_run(p);
}

/* ---- looking after it */

static bool is_late(struct port *p, uint64_t now_us)
{
    bool late = false;

    for (uint32_t b = p->given; b != 0; b &= b - 1) {
        uint64_t *since = &p->since_us[first_of(b)];

        *since = *since == 0 ? now_us : *since;
        late = late || now_us - *since >= LATE_US;
    }
    return late;
}

/* The clock can run faster than the drive, as an emulator's does: so what counts first is what the
 * drive says. */
static uint64_t look_at_drive(struct port *p, uint64_t now_us)
{
    port_irq(p);
    if (p->given == 0) {
        port_run(p);
    } else if (p->closing != 0 && now_us - p->closing_us >= CLOSE_US) {
        recover_begin(p, true);
    } else if (is_late(p, now_us)) {
        recover_timeout(p);
    } else {
        for (uint32_t b = p->begun; b != 0; b &= b - 1) {
            work_waits(&p->work[first_of(b)]);
        }
    }
    return p->given != 0 ? now_us + WATCH_US : 0;
}

uint64_t port_look(struct port *p, uint64_t now_us)
{
    switch (p->phase) {
    case PHASE_NONE:
        return 0;
    case PHASE_LOST:
        port_run(p);
        return 0;
    case PHASE_RUN:
        return look_at_drive(p, now_us);
    case PHASE_WILD:
        return wild_look(p, now_us);
    default:
        return recover_look(p, now_us);
    }
}

/* A port that is in recovery may not have stopped yet. */
void port_forget(struct port *p, unsigned s)
{
    uint32_t at_drive = p->phase == PHASE_RUN ? p->given : p->begun;
    bool waits = false;

    disk_forget(&p->disk, s);
    for (uint32_t b = p->begun; b != 0; b &= b - 1) {
        struct work *w = &p->work[first_of(b)];

        if (!work_forget(w, s)) {
            continue;
        }
        if ((at_drive & b & -b) != 0) {
            waits = true;
        } else {
            work_skip(w);
        }
    }
    port_settle(p);
    if (waits) {
        p->closing |= 1ull << s;
        p->closing_us = driver_now_us();
        driver_session_defer(s);
        watch_until(p->closing_us + CLOSE_US);
    }
}
