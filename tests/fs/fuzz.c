/*
 * fuzz.c - the fs server's core on disks that lie: an image is changed at random places, most of
 * them where its tables are, then everything is tried on it. Nothing may crash (the sanitizers
 * watch), no file may be open afterwards, and the number of blocks read may not be without bounds.
 * usage: fuzz NAME FILE BLOCK_BYTES ROUNDS [SEED]
 */
#include "image.h"

#include "../../servers/fs/fs.h"
#include "../host/mutate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASK = 3, DEPTH_MAX = 5, ENTRIES_MAX = 60, READ_BYTES = 200000, READS_MAX = 3000000 };

static const struct access everything = {.may_read = true, .may_write = true, .root = "/"};
static unsigned long listed, opened, changed, mounted;

static void read_file(const char *path)
{
    static uint8_t to[40000];
    struct fs_status status;
    uint32_t file, done = 0;

    if (file_open(TASK, &everything, path, FS_MODE_READ, &file, &status) != E_OK) {
        return;
    }
    opened++;
    for (uint64_t at = 0; at < READ_BYTES; at += done) {
        if (file_read(TASK, file, at, to, sizeof(to), &done) != E_OK || done == 0) {
            break;
        }
    }
    (void)file_read(TASK, file, status.bytes / 2, to, sizeof(to), &done);
    (void)file_close(TASK, file);
}

static void walk(const char *path, unsigned depth)
{
    uint8_t records[6000];
    uint32_t count = 0, used = 0;
    const uint8_t *r = records;

    if (tree_list(&everything, path, 0, records, sizeof(records), &count, &used) != E_OK) {
        return;
    }
    for (uint32_t i = 0; i < count && i < ENTRIES_MAX; i++, r += r[0] | r[1] << 8) {
        char name[PATH_BYTES + 800];
        (void)snprintf(name, sizeof(name), "%s/%.*s", strcmp(path, "/") == 0 ? "" : path,
                       r[2] | r[3] << 8, r + FS_RECORD_BYTES);
        listed++;
        if (path_check(name) != E_OK) {
            continue;
        }
        if (r[4] == FS_KIND_DIRECTORY && depth < DEPTH_MAX) {
            walk(name, depth + 1);
        } else {
            read_file(name);
        }
    }
}

static void change(const char *volume)
{
    static uint8_t data[30000];
    struct fs_status status;
    struct fs_space space;
    struct volume *v;
    const char *rest;
    char path[64], other[64];
    uint32_t file, done;

    (void)snprintf(path, sizeof(path), "/%s/a new file with a long name", volume);
    (void)snprintf(other, sizeof(other), "/%s/DIR", volume);
    if (file_open(TASK, &everything, path, FS_MODE_REPLACE, &file, &status) == E_OK) {
        changed += file_write(TASK, file, 0, data, sizeof(data), &done) == E_OK;
        (void)file_truncate(TASK, file, 9000);
        (void)file_close(TASK, file);
    }
    (void)tree_mkdir(&everything, other);
    (void)snprintf(other, sizeof(other), "/%s/DIR/moved", volume);
    (void)tree_rename(&everything, path, other);
    (void)tree_remove(&everything, other);
    (void)snprintf(other, sizeof(other), "/%s", volume);
    if (volume_of(other, &v, &rest) == E_OK) {
        mounted++;
        (void)volume_space(v, &space);
    }
}

/* Three of four changes hit the tables at the beginning, the rest anything. */
static void spoil(uint8_t *image, size_t bytes, const uint8_t *original)
{
    memcpy(image, original, bytes);
    for (unsigned i = random_next() % 12 + 1; i > 0; i--) {
        static const size_t spans[] = {512, 4096, 65536, 524288};
        size_t span = spans[random_next() % 4], at;
        span = random_next() % 4 == 0 || span > bytes ? bytes : span;
        at = random_next() % span;
        switch (random_next() % 4) {
        case 0:
            image[at] = (uint8_t)random_next();
            break;
        case 1:
            image[at] ^= (uint8_t)(1u << random_next() % 8);
            break;
        case 2:
            memset(image + at, random_next() % 2 ? 0xff : 0,
                   random_next() % 4 + 1 < bytes - at ? random_next() % 4 + 1 : 1);
            break;
        default: /* a piece of the tables somewhere else */
            if (at + 64 < bytes) {
                memmove(image + at, image + random_next() % (span - (span > 64 ? 64 : 0)),
                        at + 64 <= bytes ? 32 : 1);
            }
            break;
        }
    }
}

static void try_all(void)
{
    static struct fs_volume v;

    for (uint32_t i = 0; volume_describe(i, &v) == E_OK && i < 20; i++) {
        (void)volume_mount(v.name); /* the round before has ended it */
        volumes_settle();
    }
    walk("/", 0);
    for (uint32_t i = 0; volume_describe(i, &v) == E_OK && i < 20; i++) {
        change(v.name);
        volumes_settle();
    }
    files_close_all(TASK);
    image_fail_after = image_lose_after = 0;
    volumes_settle();
    for (uint32_t i = 0; i < VOLUMES_MAX; i++) {
        if (volumes[i].is_mounted) {
            char name[VOLUME_NAME_BYTES];
            strcpy(name, volumes[i].name);
            assert(volumes[i].files == 0);
            (void)volume_unmount(name);
        }
    }
    volumes_settle();
}

int main(int argc, char **argv)
{
    FILE *f = fopen(argv[2], "rb");
    unsigned rounds = (unsigned)atoi(argv[4]);
    uint8_t *image, *original;
    size_t bytes;

    random_state = argc > 5 ? (uint32_t)atoi(argv[5]) : 1;
    assert(f != NULL && fseek(f, 0, SEEK_END) == 0);
    bytes = (size_t)ftell(f);
    rewind(f);
    image = malloc(bytes);
    original = malloc(bytes);
    assert(fread(original, 1, bytes, f) == bytes);
    fclose(f);
    image_add(argv[1], image, bytes, (uint32_t)atoi(argv[3]), strncmp(argv[1], "cd", 2) == 0);
    for (unsigned i = 0; i < rounds; i++) {
        spoil(image, bytes, original);
        image_reads = 0;
        if (random_next() % 8 == 0) {
            image_fail_after = random_next() % 300 + 1;
        } else if (random_next() % 8 == 0) {
            image_lose_after = random_next() % 300 + 1;
        }
        try_all();
        assert(image_reads < READS_MAX);
        assert(!disks[0].is_open);
    }
    printf("%u rounds: %lu mounted, %lu listed, %lu opened, %lu written\n", rounds, mounted, listed,
           opened, changed);
    free(image);
    free(original);
    return 0;
}
