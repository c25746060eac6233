/*
 * ata.h - the parts of the IDE driver: channels, the drives on them, and the work that a channel
 * does for a drive. One request goes driver.c (rung) -> drivers/lib (judged, put together to
 * work) -> channel.c (command) -> pio.c, dma.c or packet.c (its data) -> channel.c (interrupt) ->
 * drivers/lib (completed).
 * Invariant: a channel has at most one command at its drives; whatever else is asked for waits in
 * the clients' queues. No function waits but those of setup.c.
 */
#ifndef ATA_H
#define ATA_H

#include <disk.h>
#include <regs/ata.h>

#define CHANNELS 2u
#define DRIVES   2u /* of a channel */
#define UNITS    (CHANNELS * DRIVES)
#define PRDS     128u /* a channel's; 16 requests of 1 MiB together cross 64 KiB no more often */

struct channel;
/* A drive. */
struct unit {
    struct disk disk; /* the first: unit_of */
    struct channel *channel;
    bool second; /* drive 1 of its channel */
    bool dma;    /* is used */
    bool unset;  /* a reset has forgotten disk.multiple */
};

static inline struct unit *unit_of(const struct work *w)
{
    return (struct unit *)(void *)w->disk;
}

enum phase {
    PHASE_IDLE,
    PHASE_SETTING, /* SET MULTIPLE MODE before the command */
    PHASE_PLAIN,   /* a command without data */
    PHASE_READ,    /* PIO */
    PHASE_ASKED,   /* PIO: written to once the drive asks for it */
    PHASE_WRITE,
    PHASE_DMA,
    PHASE_PACKET, /* the packet goes out once the drive asks for it */
    PHASE_PACKET_DATA,
    PHASE_SENSE, /* as the two before, for REQUEST SENSE */
    PHASE_SENSE_DATA,
    PHASE_WILD,    /* wild.c */
    PHASE_RESET,   /* SRST is set */
    PHASE_RECOVER, /* the drives come back from it */
};

struct channel {
    unsigned index, irq;
    struct ata_regs regs;
    struct ata_data_regs data;
    struct ata_control_regs control;
    struct ata_master_regs master;
    struct ata_master_channel_status_write capable; /* as the firmware left it */
    struct unit unit[DRIVES];
    unsigned turn;    /* whose work comes next */
    uint8_t selected; /* drive; DRIVES: not known */
    enum phase phase;
    bool fresh;            /* begun since the watch last looked */
    uint64_t since_us;     /* when the watch first saw this command */
    uint64_t phase_end_us; /* of a phase that is polled */
    struct work work;
    struct ata_prd *prd; /* null: no DMA */
    uint32_t prd_address;
    uint8_t sense[SENSE_BYTES];
};

extern struct channel channels[CHANNELS];

/** The unit with that number; a null pointer if there is none. */
static inline struct unit *unit_at(unsigned number)
{
    return number < UNITS && channels[number / DRIVES].unit[number % DRIVES].disk.kind != DISK_NONE
               ? &channels[number / DRIVES].unit[number % DRIVES]
               : NULL;
}

/* ---- setup.c: the only part that waits */

/** Both channels' registers, from the manifest's resources. */
void setup_resources(void);

/** Stop both channels and prove them idle. Null, or what does not become idle. */
const char *setup_quiet(void);

/** Find the drives and set them up. */
void setup_find_drives(void);

/* ---- command.c: one command to the registers */

#define COMMAND_PACKET 0xa0u

/** Select @u's drive. False: it is not ready to be (busy, or wants data). */
bool command_select(struct unit *u);

/** Write a command with @count sectors from @lba on; the drive is selected. @wide: 48-bit. */
void command_write(const struct unit *u, uint8_t code, uint64_t lba, uint32_t count, bool wide);

/** Commands of @u for work of @kind: the code of READ DMA and its like. */
uint8_t command_code(const struct unit *u, enum work_kind kind, bool wide);

/** Must it be a 48-bit command? */
bool command_is_wide(const struct unit *u, uint64_t lba, uint32_t sectors);

/** A command that has neither data nor sectors. */
void command_plain(const struct unit *u, uint8_t code, uint8_t count);

/** Bytes that one command of @u moves at most. */
uint32_t command_most(const struct unit *u);

/* ---- pio.c */

/** Move the next @bytes of @w through the data port. */
void pio_move(struct channel *c, struct work *w, uint32_t bytes);

/* ---- dma.c */

/** Write the table for w->now bytes of @w and make the bus master ready; dma_go starts it. */
void dma_prepare(struct channel *c, const struct work *w);
void dma_go(struct channel *c, const struct work *w);

/** Stop it. What it says of the transfer. */
struct ata_master_channel_status dma_stop(struct channel *c);

/* ---- packet.c */

/** Write the PACKET command for a transfer of @limit bytes at a time; then, once the drive asks for
 *  it, @packet. */
void packet_command(const struct unit *u, uint16_t limit, bool dma);
void packet_send(const struct channel *c, const uint8_t packet[PACKET_BYTES]);

/** How many bytes the drive offers. */
uint16_t packet_count(const struct channel *c);

/* ---- channel.c */

/** Begin what there is to do, as long as the channel is idle. */
void channel_run(struct channel *c);

void channel_irq(struct channel *c);

/** Look after @c at @now_us. When it wants to be looked at again; 0: it does not. */
uint64_t channel_look(struct channel *c, uint64_t now_us);

/** Session @s is closed. */
void channel_forget(struct channel *c, unsigned s);

/* ---- recover.c: what went wrong. All leave the channel idle or in a phase of its own. */

/** The current command failed: it is to be tried again, or what it was for is given up. */
void recover_error(struct channel *c, struct ata_error error);

/** The drive does not answer. */
void recover_timeout(struct channel *c);

/** The drive and this driver do not agree on where the command stands. */
void recover_confusion(struct channel *c);

/** Reset the channel. */
void recover_reset(struct channel *c);

/** The reset's phases, as channel_look. */
uint64_t recover_look(struct channel *c, uint64_t now_us);

/* ---- wild.c */

/** Begin the wild access that was asked for, if it is @c's. */
bool wild_begin(struct channel *c);

/** It has interrupted, or the watch looks at it (@is_look). True: it is over. */
bool wild_end(struct channel *c, bool is_look);

#endif
