/*
 * disk.h - a disk as tests use it: the first one that is marked as a test disk, whoever drives it;
 * contents that say what they are; requests that wait out a restart. tests/system/disks.py makes
 * the disk, 64 MiB long, and has the same contents on the host.
 */
#ifndef DISK_H
#define DISK_H

#include "client.h"

#include <idl/block_queue.h>

#define DISK_BLOCK  512u
#define DISK_BLOCKS 131072u
#define DISK_REGION 0x200000u
#define DISK_MOST   0x100000u /* of a request */

extern struct client_session *disk; /* the session; null before disk_open */
extern char disk_path[];            /* of the disk */
extern char disk_device[];          /* of the device that it is at: its driver's */

/** Is there a marked disk? Asked once, before the first test. */
bool disk_is_there(void);

/** A session with the disk, with all methods; false fails the test. */
bool disk_open(void);

/** Does the disk's first block have the mark? */
bool disk_is_marked(void);

/* ---- contents: each word says its place and the writing (@seed) it is of */

void disk_fill(uint32_t offset, uint64_t first, uint32_t bytes, uint64_t seed);
bool disk_holds(uint32_t offset, uint64_t first, uint32_t bytes, uint64_t seed);

/* ---- requests */

/** Submit; while the driver restarts, wait. */
int disk_submit(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes, uint64_t *seq);

/** From submission to its end; its error. */
int disk_request(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes);

/** Write what disk_fill makes, from the region's start; false fails the test. */
bool disk_wrote(uint64_t first, uint32_t bytes, uint64_t seed);
/** Read it, and compare. */
bool disk_reads_back(uint64_t first, uint32_t bytes, uint64_t seed);

/* ---- its driver */

/** Once it runs, its pid; 0: it does not. */
uint32_t disk_driver_pid(void);

/** As client_die_after; false fails the test. */
bool disk_die_after(unsigned n);

#endif
