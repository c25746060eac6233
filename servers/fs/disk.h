/*
 * disk.h - disks as the file systems see them: whole blocks by number, one request after the other.
 * session.c has them from drivers; the tests on the host from image files.
 * A disk whose driver was given up is lost: everything on it answers GONE until it was closed.
 */
#ifndef FS_DISK_H
#define FS_DISK_H

#include <quoll/abi.h>
#include <quoll/error.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    DISKS_MAX = 8,
    DISK_NAME_BYTES = 8,
    DISK_BLOCK_MIN = 512,
    DISK_BLOCK_MAX = 4096,
};

struct disk {
    char name[DISK_NAME_BYTES]; /* disk0, cd0 */
    bool is_open, is_lost;
    bool is_read_only;
    uint32_t block_bytes; /* a power of two; this and the next hold while it is open */
    uint64_t blocks;
    unsigned users;   /* volumes that are mounted and raw files that are open */
    unsigned writers; /* raw files that are open to be written */
};

extern struct disk disks[DISKS_MAX];

/** Look which disks there are: disks[] has one for each, with its name, in the order of the device
 *  tree. Those that are open stay as they are. Returns their number, or 0 - an error. */
int disks_find(void);

/** The path of @disk in the device tree. */
const char *disk_device(const struct disk *disk);

/** Begin to use it. Errors: those of a session with its driver; BUSY (someone else writes to it);
 *  UNSUPPORTED (blocks of a size that is none of ours). */
int disk_open(struct disk *disk);

/** End it; what was not flushed may be lost. */
void disk_close(struct disk *disk);

/** Read or write @count blocks from block @first on. Errors: BAD_ARG (past the last), READ_ONLY, IO
 *  (the device says so), GONE (its driver was given up). */
int disk_get(struct disk *disk, uint64_t first, uint32_t count, void *to);
int disk_put(struct disk *disk, uint64_t first, uint32_t count, const void *from);

/** All that was written is on the medium. Errors: IO, GONE. */
int disk_flush(struct disk *disk);

/* A stretch of a disk: a partition, or all of it. */
struct range {
    struct disk *disk;
    uint64_t first, blocks;
};

/** disk_get and disk_put within @r. */
int range_get(const struct range *r, uint64_t first, uint32_t count, void *to);
int range_put(const struct range *r, uint64_t first, uint32_t count, const void *from);

/** @count bytes from byte @offset of @r on, whatever its blocks are. Writing a part of a block
 *  reads it before. Errors: as above. */
int range_get_bytes(const struct range *r, uint64_t offset, uint32_t count, void *to);
int range_put_bytes(const struct range *r, uint64_t offset, uint32_t count, const void *from);

#endif
