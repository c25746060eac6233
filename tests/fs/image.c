/*
 * image.c - see image.h. What session.c and clock.c are in the server.
 */
#include "image.h"

#include "../../servers/fs/fs.h"

#include <assert.h>
#include <quoll/calendar.h>
#include <quoll/error.h>
#include <string.h>

struct disk disks[DISKS_MAX];
unsigned long image_fail_after, image_lose_after;
unsigned long image_reads, image_writes, image_flushes;
uint64_t image_seconds = 1795255200; /* 2026-11-21 10:00:00 */

static struct {
    char name[DISK_NAME_BYTES];
    uint8_t *memory;
    uint64_t bytes;
    uint32_t block_bytes;
    bool is_read_only;
} images[DISKS_MAX];
static unsigned image_count;

void image_add(const char *name, void *memory, uint64_t bytes, uint32_t block_bytes,
               bool is_read_only)
{
    assert(image_count < DISKS_MAX && strlen(name) < DISK_NAME_BYTES);
    strcpy(images[image_count].name, name);
    images[image_count].memory = memory;
    images[image_count].bytes = bytes;
    images[image_count].block_bytes = block_bytes;
    images[image_count++].is_read_only = is_read_only;
}

int disks_find(void)
{
    for (unsigned i = 0; i < image_count; i++) {
        strcpy(disks[i].name, images[i].name);
    }
    return (int)image_count;
}

int disk_open(struct disk *disk)
{
    unsigned i = (unsigned)(disk - disks);

    assert(!disk->is_open);
    disk->is_open = true;
    disk->is_lost = false;
    disk->block_bytes = images[i].block_bytes;
    disk->blocks = images[i].bytes / images[i].block_bytes;
    disk->is_read_only = images[i].is_read_only;
    return E_OK;
}

void disk_close(struct disk *disk)
{
    assert(disk->is_open && disk->users == 0 && disk->writers == 0);
    disk->is_open = false;
}

static bool count_down(unsigned long *left)
{
    return *left != 0 && (*left == 1 || --*left == 0);
}

static int check(struct disk *disk, uint64_t first, uint32_t count)
{
    assert(disk->is_open);
    if (first > disk->blocks || count > disk->blocks - first) {
        return E_BAD_ARG;
    }
    if (count_down(&image_lose_after)) {
        disk->is_lost = true;
    }
    return disk->is_lost ? E_GONE : count_down(&image_fail_after) ? E_IO : E_OK;
}

int disk_get(struct disk *disk, uint64_t first, uint32_t count, void *to)
{
    int error = check(disk, first, count);

    image_reads++;
    if (error == E_OK) {
        memcpy(to, images[disk - disks].memory + first * disk->block_bytes,
               (size_t)count * disk->block_bytes);
    }
    return error;
}

int disk_put(struct disk *disk, uint64_t first, uint32_t count, const void *from)
{
    int error = disk->is_read_only ? E_READ_ONLY : check(disk, first, count);

    image_writes++;
    if (error == E_OK) {
        memcpy(images[disk - disks].memory + first * disk->block_bytes, from,
               (size_t)count * disk->block_bytes);
    }
    return error;
}

int disk_flush(struct disk *disk)
{
    image_flushes++;
    return check(disk, 0, 0);
}

DWORD get_fattime(void)
{
    struct clock_parts t = calendar_parts(image_seconds);

    return (DWORD)(t.year - 1980) << 25 | (DWORD)t.month << 21 | (DWORD)t.day << 16 |
           (DWORD)t.hour << 11 | (DWORD)t.minute << 5 | (DWORD)t.second >> 1;
}
