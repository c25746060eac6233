/*
 * ata_test.h - what the files of the IDE driver's host test share.
 */
#ifndef ATA_TEST_H
#define ATA_TEST_H

#include <host.h>
#include <idl/block.h>
#include <idl/block_queue.h>

#include <driver.h>

#define DISK_BLOCKS   131072u /* 64 MiB */
#define SECOND_BLOCKS 2048u
#define CD_BLOCKS     1024u
#define SMALL         65536u
#define REGION        0x200000u

extern struct host_session *session; /* with disk 0, all rights */
extern const char *disk_path, *cd_path;
extern uint64_t port_writes; /* to ports, so far: what is refused makes none */

struct host_session *open_unit(unsigned unit, uint32_t rights, unsigned pages);

/** One request, to its end. */
int transfer(struct host_session *s, bool write, uint64_t first, uint32_t offset, uint32_t bytes);
int flush(struct host_session *s);

/** Noise by @seed. */
void fill(uint8_t *to, uint32_t bytes, uint32_t seed);

/** Does the image file have @data at byte @at? */
bool image_is(const char *path, uint64_t at, const uint8_t *data, uint32_t bytes);

/** Bad sectors, made by blkdebug (errors.c). */
void test_errors(void);

#endif
