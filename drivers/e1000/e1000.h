/*
 * e1000.h - what the driver's files share. Handlers are in driver.c; the chip's registers are
 * chip.c's, phy.c's and eeprom.c's; the two rings are receive.c's and transmit.c's. A frame's way:
 * driver_session_rung, transmit_start, transmit_go, transmit_reap; a buffer's: driver_session_rung,
 * receive_start, receive_go, and from the interrupt receive_reap.
 * Sections are of Intel's 317453 (8254x) unless they say 82574.
 */
#ifndef E1000_H
#define E1000_H

#include <driver.h>
#include <idl/packet.h>
#include <regs/e1000.h>

enum { RING_RECEIVE, RING_TRANSMIT };

/* Where a descriptor points that is not the device's: nowhere, so that an early access fails loudly
 * where there is an IOMMU. */
#define RING_POISON 0x00007e57dead0000ull

struct nic {
    struct e1000_regs regs;
    bool is_82574;
    bool runs; /* the rings are the device's, too */
    uint8_t mac[6];
    unsigned step; /* of the time between interrupts */
    struct packet_link_state link;
    struct packet_statistics count;
    struct e1000_rctl filter; /* what set_filter has said, to be set again after a stop */
    uint32_t groups[128];
};

extern struct nic nic;

/* ---- eeprom.c: may wait, so for probe and attach only */

/** @count words from @first on. A null pointer, or what is wrong. */
const char *eeprom_read(unsigned first, unsigned count, uint16_t *words);

/** A null pointer, or why its contents are not sound. */
const char *eeprom_check(void);

/* ---- phy.c */

/** Find out which chip it is. A null pointer, or what is wrong. */
const char *phy_identify(void);

/** Have it negotiate the link, unless it does or has. A null pointer, or what is wrong. */
const char *phy_start(void);

/** Let it return what is sent. */
void phy_loop_back(void);

/* ---- chip.c */

/** Let a few microseconds pass, no more than accesses to the device may take: also in handlers. */
void chip_spin_us(unsigned us);

/** In probe, quiet and attach: is it so within @us microseconds? */
bool chip_await(bool (*is_so)(void), unsigned us);

/** The device's ring @index begins anew at @address, with @bytes of descriptors. */
void chip_set_ring(unsigned index, uint64_t address, unsigned bytes);

/** Stop it without waiting: neither interrupts nor accesses to memory from here on. It must be left
 *  alone for CHIP_SETTLE_US then. */
void chip_stop(void);

#define CHIP_SETTLE_US 5000u

/** After that: is it idle? A null pointer, or what is wrong. */
const char *chip_check_idle(void);

/** Its address, from its registers or its EEPROM. A null pointer, or what is wrong. */
const char *chip_read_mac(void);

/** Set it up, with empty rings, and let it interrupt. */
void chip_start(void);

/** Have what is in @nic.filter and @nic.groups received. */
void chip_set_filter(void);

/** Read how the link is. Has that changed? */
bool chip_look_at_link(void);

/** Add what its counters say to @nic.count. */
void chip_count(void);

/** Adapt the time between interrupts: one has brought @frames. */
void chip_moderate(unsigned frames);

/* ---- receive.c, transmit.c: each begins with memory of RING_BYTES for its descriptors */

#define RING_BYTES 4096u

void receive_begin(void *ring, uint64_t address);
void transmit_begin(void *ring, uint64_t address);

/** Request @r of session @s: a buffer for a frame. */
void receive_start(unsigned s, const struct queue_request *r);

/* Whose buffers the device has, or RECEIVE_NOBODY, and which, by numbers of descriptors; they only
 * grow. */
extern unsigned receive_owner;
extern uint32_t receive_first, receive_end;
#define RECEIVE_NOBODY DRIVER_SESSIONS
#define RECEIVE_PLENTY 20u

/** Are they session @s's, and so many that more of them can wait for the next interrupt? */
static inline bool receive_has_plenty(unsigned s)
{
    return receive_owner == s && receive_end - receive_first >= RECEIVE_PLENTY;
}

/* A frame: where the device finds it, and what is to be done with it. */
struct frame {
    uint64_t seq, address;
    uint32_t length, tag;
    uint8_t session, from, at; /* of the checksum; at 0: none */
    uint32_t end;              /* the descriptor behind its last, by a number that only grows */
};

/** Send @frame; there must be room. */
void transmit_start(const struct frame *frame);

bool transmit_has_room(void);

/** Tell the device of what was started since the last time. */
void receive_go(void);
void transmit_go(void);

/** Complete what the device is done with. How many frames have come; are there some that have not
 *  left? */
unsigned receive_reap(void);
bool transmit_reap(void);

/** Is anything of session @s at the device? From here on it is nobody's, but the chip must be
 *  stopped. */
bool receive_forget(unsigned s);
bool transmit_forget(unsigned s);

/** After chip_start: give the device what it had. */
void receive_resume(void);
void transmit_resume(void);

/** For inject: have the device write to @address what it receives next, or send what is there. */
void receive_wild(uint64_t address);
void transmit_wild(uint64_t address);

/* ---- driver.c */

/** driver_complete, with one signal for all of a handler's completions. */
void complete(unsigned s, uint64_t seq, int status, uint64_t value);

#endif
