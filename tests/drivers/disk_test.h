/*
 * disk_test.h - what the host tests of drivers of disks share.
 */
#ifndef DISK_TEST_H
#define DISK_TEST_H

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
extern uint64_t device_writes; /* to registers, so far: what is refused makes none */

struct host_session *open_unit(unsigned unit, uint32_t rights, unsigned pages);

/** One request, to its end. */
int transfer(struct host_session *s, bool write, uint64_t first, uint32_t offset, uint32_t bytes);
int flush(struct host_session *s);

/** Noise by @seed. */
void fill(uint8_t *to, uint32_t bytes, uint32_t seed);

/** Does the image file have @data at byte @at? */
bool image_is(const char *path, uint64_t at, const uint8_t *data, uint32_t bytes);

/** Written with a pattern, compared with the image, and read back. */
bool round_trip(uint64_t first, uint32_t offset, uint32_t bytes);

/** The driver's life begins; `session` has so many pages. */
void begin(unsigned pages);

/** Which drives there are; every size; the CD. */
void test_found(void);
void test_sizes(void);
void test_cd(void);

/** All but large requests; these, too. */
void test_all(void);
void test_dma(void);

/** Bad sectors, made by blkdebug (disk_errors.c). */
void test_errors(void);

/** A client that writes anything into its queue (disk_hostile.c). */
void test_hostile(void);

struct part_of_test {
    const char *name;
    void (*run)(void);
};

/** main of a test NAME QTEST MANIFEST PART DISK CD [dma]: that one of @parts, which end with a null
 *  name. */
int run_part(int arguments, char **argument, const struct part_of_test *parts);

#endif
