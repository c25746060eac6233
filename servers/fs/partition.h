/*
 * partition.h - where the partitions of a disk lie. All that stands in the tables may be a lie:
 * what does not lie on the disk, or is empty, is left out.
 */
#ifndef FS_PARTITION_H
#define FS_PARTITION_H

#include "disk.h"

enum { PARTITIONS_MAX = 16 };

struct partition {
    uint64_t first, blocks;
    unsigned number; /* from 1, as other systems count them; logical ones of an MBR from 5 */
};

/** Read the table of @disk, which is open, into @out, ordered by number. MBR with logical
 *  partitions, or GPT, whose second copy is taken if the first is damaged. None: there is no table.
 *  Errors: those of disk_get. */
int partitions_read(struct disk *disk, struct partition out[PARTITIONS_MAX], unsigned *count);

#endif
