/*
 * ahci.h - the parts of the AHCI driver: ports, each with one drive and up to 32 commands. One
 * request goes driver.c (rung) -> drivers/lib (judged, put together to work) -> port.c (a slot) ->
 * command.c (its table) -> port.c (interrupt) -> drivers/lib (completed).
 * Invariant: at a drive there are either queued commands or one that is not. Whoever needs one that
 * is not (a flush, a CD, what an error has thrown out of the queue) waits for the others' end, and
 * nothing new is begun meanwhile. No function waits but those of setup.c.
 * Sections are of AHCI 1.3.1.
 */
#ifndef AHCI_H
#define AHCI_H

#include <disk.h>
#include <regs/ahci.h>

#define PORTS        8u  /* that have registers in ahci.rdl */
#define SLOTS        32u /* of a port */
#define BUFFER_BYTES 512u
#define STOP_US      500000u   /* section 10.1.2: for a port to stop */
#define COMRESET_US  1000u     /* section 10.4.2: at least */
#define LINK_US      10000000u /* for a drive to come back from it */

enum phase {
    PHASE_NONE,  /* there is no drive */
    PHASE_RUN,   /* commands go to it */
    PHASE_STOP,  /* the port is to take no more commands */
    PHASE_RESET, /* COMRESET */
    PHASE_LINK,  /* the drive comes back from it */
    PHASE_LOST,  /* and has not */
    PHASE_WILD,  /* wild.c */
};

/* A port's part of the DMA memory. */
struct port_memory {
    struct ahci_header list[SLOTS]; /* section 4.2.2: at a multiple of 1024 */
    uint8_t received[256];          /* section 4.2.1: at a multiple of 256 */
    uint8_t unused[256];
    uint8_t buffer[BUFFER_BYTES]; /* what the driver itself asks a drive for */
    struct ahci_table table[SLOTS];
    uint8_t rest[2048];
};
_Static_assert(sizeof(struct port_memory) == 16384, "the manifest has 64 KiB for 4 ports");

struct port {
    struct disk disk; /* the first: port_of */
    unsigned index;
    enum phase phase;
    bool queues;              /* READ and WRITE FPDMA QUEUED */
    uint32_t slots;           /* that are used, a bit each, as those below */
    uint32_t begun;           /* have a work */
    uint32_t alone;           /* of those: need a command that is not queued */
    uint32_t given;           /* of those begun: their command is at the drive */
    uint32_t ready;           /* and those that go there next */
    bool single;              /* what is given is not queued */
    bool sensing;             /* it is REQUEST SENSE */
    bool ask_sense;           /* what is first in `alone` failed: it is the next command */
    bool hard;                /* the stop is followed by a COMRESET */
    uint64_t closing;         /* sessions that end with their works, a bit each */
    uint64_t closing_us;      /* when the last of them was closed */
    uint64_t phase_end_us;    /* of a phase that is polled */
    uint64_t since_us[SLOTS]; /* when the watch first saw the command */
    struct work work[SLOTS];
    struct port_memory *memory;
    uint64_t memory_address;
};

extern struct ahci_regs regs;
extern struct port ports[PORTS];

/** The port with that number, if it has a drive; else a null pointer. */
static inline struct port *port_at(unsigned number)
{
    return number < PORTS && ports[number].disk.kind != DISK_NONE ? &ports[number] : NULL;
}

/* ---- setup.c: the only part that waits */

/** Registers and memory, from the manifest's resources. */
void setup_resources(void);

/** Stop all ports and prove them idle. Null, or what does not stop. */
const char *setup_quiet(void);

/** Start the controller, find the drives and set them up. Null, or what is wrong. */
const char *setup_attach(void);

/** Let a port that has a drive, or may have one, take commands (section 10.3.1). */
void setup_start(struct port *p);

/* ---- command.c: one command into a slot's table */

#define ALL_BYTES (65536u * SECTOR) /* that one command moves at most; packets: 65,535 blocks */

/** READ or WRITE FPDMA QUEUED for w->now bytes of the slot's work. */
void command_queued(struct port *p, unsigned slot);

/** What is not queued: READ DMA EXT, FLUSH CACHE and the like, or a packet. */
void command_single(struct port *p, unsigned slot);

/** IDENTIFY DEVICE, or of a CD IDENTIFY PACKET DEVICE, into the port's buffer. */
void command_identify(struct port *p, unsigned slot);

/** READ DMA EXT or WRITE DMA EXT of one block of a disk. */
void command_block(struct port *p, unsigned slot, bool write, uint64_t block, uint64_t address);

/** A packet that returns @bytes to the port's buffer. */
void command_packet(struct port *p, unsigned slot, const uint8_t packet[PACKET_BYTES],
                    uint32_t bytes);

/** Where the device finds the port's buffer, and the table of a slot. */
uint64_t command_buffer(const struct port *p);
uint64_t command_table(const struct port *p, unsigned slot);

/* ---- port.c */

/** Begin what there is to do. */
void port_run(struct port *p);

/** See what has ended, or failed. */
void port_irq(struct port *p);

/** Look after it at @now_us. When it wants to be looked at again; 0: it does not. */
uint64_t port_look(struct port *p, uint64_t now_us);

/** Session @s is closed. */
void port_forget(struct port *p, unsigned s);

/** Slots whose work is done, or forgotten, are free. */
void port_settle(struct port *p);

/* ---- recover.c: all leave the port in a phase of recovery, or running again */

/** Stop the port, and start it again; @hard: the drive is reset in between. What was given to the
 *  drive is then given to it alone, one after the other. */
void recover_begin(struct port *p, bool hard);

/** Commands that are not queued: the one at the drive failed, with @error in its error register. */
void recover_single(struct port *p, uint8_t error);

/** The drive does not answer. */
void recover_timeout(struct port *p);

/** The phases of recovery, as port_look. */
uint64_t recover_look(struct port *p, uint64_t now_us);

/* ---- wild.c */

/** Begin the wild access that was asked for, if it is @p's and its drive is idle. */
bool wild_begin(struct port *p);

/** While it goes on, as port_look. */
uint64_t wild_look(struct port *p, uint64_t now_us);

#endif
