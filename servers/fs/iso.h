/*
 * iso.h - ISO 9660 volumes, read only, with the names of Rock Ridge where they are there. What is
 * on the disk is believed only as far as it lies on the disk; every loop is bounded.
 */
#ifndef FS_ISO_H
#define FS_ISO_H

#include "disk.h"

enum {
    ISO_BLOCK = 2048,
    ISO_NAME_MAX = 255,
    ISO_NAME_BYTES = ISO_NAME_MAX + 1,
};

struct iso {
    struct range range;
    uint32_t blocks; /* of ISO_BLOCK bytes: what the volume says, at most what is there */
    uint32_t root, root_bytes;
    bool has_rock_ridge;
    uint8_t skip; /* bytes before the first entry of each system use area */
};

/* A file or directory. */
struct iso_node {
    uint32_t block;
    uint32_t bytes;
    uint64_t modified; /* seconds since 1970 */
    bool is_directory;
    bool is_other; /* a symbolic link, or a file in several pieces: its contents can't be read */
};

struct iso_entry {
    char name[ISO_NAME_BYTES];
    struct iso_node node;
};

/* A way through a directory. */
struct iso_walk {
    const struct iso *iso;
    struct iso_node directory;
    uint32_t at;     /* the next record's byte in the directory */
    uint32_t loaded; /* the block that `sector` holds; 0: none, no directory lies there */
    uint8_t sector[ISO_BLOCK];
};

/** Look at what is on @range. Errors: NOT_FOUND (no ISO 9660), DAMAGED, UNSUPPORTED (blocks of
 *  another size), those of disk_get. */
int iso_mount(struct iso *iso, const struct range *range);

struct iso_node iso_root(const struct iso *iso);

/** Find @path, names with one slash between them; "" is the root. Errors: NOT_FOUND, NOT_DIRECTORY,
 *  DAMAGED, those of disk_get. */
int iso_find(const struct iso *iso, const char *path, struct iso_node *node);

void iso_walk_begin(struct iso_walk *walk, const struct iso *iso, const struct iso_node *directory);

/** The next entry but . and .. . Errors: NOT_FOUND (there are no more), those of disk_get. */
int iso_walk_next(struct iso_walk *walk, struct iso_entry *entry);

/** @count bytes from byte @offset of a file on, all within it. */
int iso_read(const struct iso *iso, const struct iso_node *node, uint32_t offset, uint32_t count,
             void *to);

#endif
