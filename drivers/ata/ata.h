/*
 * ata.h - the parts of the IDE driver: channels, the drives on them, and the work that a channel
 * does for a drive. One request goes driver.c (rung) -> work.c (taken, checked) -> channel.c
 * (command) -> pio.c, dma.c or packet.c (its data) -> channel.c (interrupt) -> work.c (completed).
 * Invariant: a channel has at most one command at its drives; whatever else is asked for waits in
 * the clients' queues. No function waits but those of setup.c.
 */
#ifndef ATA_H
#define ATA_H

#include <driver.h>
#include <regs/ata.h>

#define CHANNELS     2u
#define DRIVES       2u /* of a channel */
#define UNITS        (CHANNELS * DRIVES)
#define SECTOR       512u
#define CD_SECTOR    2048u
#define PARTS_MAX    16u       /* requests that one command serves */
#define REQUEST_MAX  0x100000u /* bytes */
#define WORK_MAX     REQUEST_MAX
#define PRDS         128u /* a channel's; 16 requests of 1 MiB together cross 64 KiB no more often */
#define PACKET_BYTES 12u

enum unit_kind { UNIT_NONE, UNIT_DISK, UNIT_CD };

enum work_kind { WORK_READ, WORK_WRITE, WORK_FLUSH };

struct channel;
struct unit;

/* A request, as far as a command serves it. */
struct part {
    unsigned session;
    bool forgotten; /* its session is closed */
    uint64_t seq, offset;
    uint32_t bytes;
};

/* A request that was taken and not begun: it does not continue the work it came after. */
struct ahead {
    bool is_there;
    bool refused; /* so many bad ones that there may be more */
    struct unit *unit;
    enum work_kind kind;
    struct part part;
    uint64_t lba;
};

/* A drive. */
struct unit {
    struct channel *channel;
    enum unit_kind kind;
    bool second;  /* drive 1 of its channel */
    char name[8]; /* "disk0" */
    char model[41];
    bool wide, dma; /* 48-bit commands; DMA is used */
    bool flush, flush_wide;
    uint8_t multiple; /* sectors that one interrupt of PIO hands over */
    bool unset;       /* a reset has forgotten `multiple` */
    uint32_t block_bytes;
    uint64_t blocks;      /* 0: no medium */
    uint64_t rung;        /* sessions that may have requests, a bit each */
    uint8_t last_session; /* that was served */
    struct ahead ahead;
};

/* What a channel does for a drive: requests that follow each other on the medium. */
struct work {
    struct unit *unit; /* null: nothing */
    enum work_kind kind;
    struct part part[PARTS_MAX];
    unsigned parts, first_part;       /* those before it are completed */
    uint64_t lba;                     /* of its first block */
    uint32_t done, bytes;             /* of all of it */
    uint32_t now;                     /* bytes of the current command */
    uint32_t moved;                   /* of those, by PIO */
    uint32_t first_part_end;          /* where in the work part[first_part] ends */
    uint8_t tries, unready, timeouts; /* of the current command */
    bool singly;                      /* block by block, to find the bad one */
    bool apart;                       /* request by request: one of them is forgotten */
};

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
    uint8_t sense[16];
};

extern struct channel channels[CHANNELS];

/** The unit with that number; a null pointer if there is none. */
static inline struct unit *unit_at(unsigned number)
{
    return number < UNITS && channels[number / DRIVES].unit[number % DRIVES].kind != UNIT_NONE
               ? &channels[number / DRIVES].unit[number % DRIVES]
               : NULL;
}

/* ---- identify.c */

/** Fill in @u from what it said. Null, or what is wrong with it. */
const char *identify_read(struct unit *u, const struct ata_identity *id, bool is_packet);

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

/** READ (10) for w->now bytes of @w; REQUEST SENSE. */
void packet_read(const struct work *w, uint8_t packet[PACKET_BYTES]);
void packet_sense(uint8_t packet[PACKET_BYTES], uint8_t bytes);
void packet_capacity(uint8_t packet[PACKET_BYTES]);

/** Write the PACKET command for a transfer of @limit bytes at a time; then, once the drive asks for
 *  it, @packet. */
void packet_command(const struct unit *u, uint16_t limit, bool dma);
void packet_send(const struct channel *c, const uint8_t packet[PACKET_BYTES]);

/** How many bytes the drive offers. */
uint16_t packet_count(const struct channel *c);

/* ---- work.c */

/** Take what is next for @u into its channel's work. False: there is nothing. */
bool work_take(struct unit *u);

/** w->now more bytes are done: complete the requests that end there. */
void work_advance(struct work *w);

/** The request at w->done can't be done: complete it with @error and go on behind it. */
void work_fail(struct work *w, int error);

/** What is forgotten at its beginning is done. */
void work_skip(struct work *w);

/** Is anything of it left? */
bool work_is_left(const struct work *w);

/** Session @s is closed: nothing of it is touched any more. True: it is part of the work. */
bool work_forget(struct channel *c, unsigned s);

/** devman need not age what @w is for: the channel's own watch does. */
void work_waits(const struct work *w);

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

/** The packet command failed; why is in c->sense. */
void recover_sense(struct channel *c);

/* ---- wild.c */

/** Begin the wild access that was asked for, if it is @c's. */
bool wild_begin(struct channel *c);
void wild_end(struct channel *c);

/* ---- driver.c */

/** Have channel_look called at @us at the latest. */
void watch_until(uint64_t us);

/** Have it called sooner or later: a command is at a drive. */
void watch(void);

#endif
