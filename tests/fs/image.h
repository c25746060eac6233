/*
 * image.h - disks of the fs server that are image files, or memory, of a test.
 */
#ifndef TEST_FS_IMAGE_H
#define TEST_FS_IMAGE_H

#include "../../servers/fs/disk.h"

/** Add a disk: @name as disk0 or cd0, the @bytes bytes at @memory, blocks of @block_bytes. */
void image_add(const char *name, void *memory, uint64_t bytes, uint32_t block_bytes,
               bool is_read_only);

/* After so many more reads and writes each one fails with IO, or the disk is lost; 0: never. */
extern unsigned long image_fail_after, image_lose_after;

/* The time that files get. */
extern uint64_t image_seconds;

extern unsigned long image_reads, image_writes, image_flushes;

#endif
