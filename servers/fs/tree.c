/*
 * tree.c - what is done by path: looking, listing, making, renaming, removing. The root directory
 * and /dev are made up here; all else is on a volume.
 */
#include "fs.h"

#include <string.h>

static bool is_made_up(const char *path)
{
    return strcmp(path, "/") == 0 || path_is_within(path, "/dev");
}

/* ---- looking */

static int stat_disk(const char *name, struct fs_status *out)
{
    int error = disks_find();

    for (unsigned i = 0; error >= 0 && i < DISKS_MAX; i++) {
        if (disks[i].name[0] != '\0' && strcmp(disks[i].name, name) == 0) {
            int opened = disks[i].is_open ? E_OK : disk_open(&disks[i]);
            if (opened == E_OK) {
                *out = (struct fs_status){.what = FS_KIND_DISK,
                                          .is_read_only = disks[i].is_read_only,
                                          .bytes = disks[i].blocks * disks[i].block_bytes};
            }
            return opened;
        }
    }
    return error < 0 ? -error : E_NOT_FOUND;
}

int tree_stat(const struct access *access, const char *path, struct fs_status *out)
{
    struct volume *v;
    const char *rest;
    int error = path_may(access, path, false);

    if (error != E_OK) {
        return error;
    }
    if (strcmp(path, "/") == 0 || strcmp(path, "/dev") == 0) {
        *out = (struct fs_status){.what = FS_KIND_DIRECTORY, .is_read_only = true};
        return E_OK;
    }
    if (is_made_up(path)) {
        return stat_disk(path + strlen("/dev/"), out);
    }
    error = volume_of(path, &v, &rest);
    if (error == E_OK) {
        error = v->kind == VOLUME_FAT ? fat_stat(v, rest, out) : iso_stat(v, rest, out);
    }
    return error;
}

/* ---- listing */

struct listing {
    const struct access *access;
    const char *path;
    uint8_t *to;
    size_t room;
    uint32_t count, used;
    bool is_full;
};

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

/* A record as fs.idl has it. What the task may not see is a record without a name, so that `skip`
 * counts the same for everybody. */
static bool add_record(void *context, const struct entry *entry)
{
    struct listing *l = context;
    bool is_shown = path_shows(l->access, l->path, entry->name);
    size_t name = is_shown ? strlen(entry->name) : 0, bytes = FS_RECORD_BYTES + name;
    uint8_t *at = l->to + l->used;

    if (bytes > l->room - l->used) {
        l->is_full = true;
        return false;
    }
    put(at, bytes, 2);
    put(at + 2, name, 2);
    put(at + 4, is_shown ? entry->status.what : 0, 1);
    put(at + 5, is_shown && entry->status.is_read_only, 1);
    put(at + 6, 0, 2);
    put(at + 8, is_shown ? entry->status.bytes : 0, 8);
    put(at + 16, is_shown ? entry->status.modified : 0, 8);
    memcpy(at + FS_RECORD_BYTES, entry->name, name);
    l->used += (uint32_t)bytes;
    l->count++;
    return true;
}

static int list_root(uint32_t skip, struct listing *l)
{
    static const struct fs_status directory = {.what = FS_KIND_DIRECTORY, .is_read_only = true};
    struct fs_volume v;
    int error = E_OK;

    if (skip == 0 && !add_record(l, &(struct entry){"dev", directory})) {
        return E_OK;
    }
    for (uint32_t i = skip > 0 ? skip - 1 : 0; error == E_OK; i++) {
        error = volume_describe(i, &v);
        if (error == E_OK && !add_record(l, &(struct entry){v.name,
                                                            {.what = FS_KIND_DIRECTORY,
                                                             .is_read_only = v.is_read_only}})) {
            return E_OK;
        }
    }
    return error == E_NOT_FOUND ? E_OK : error;
}

static int list_disks(uint32_t skip, struct listing *l)
{
    int error = disks_find();

    for (unsigned i = 0; error >= 0 && i < DISKS_MAX; i++) {
        struct fs_status status = {.what = FS_KIND_DISK};
        if (disks[i].name[0] == '\0' || (skip != 0 && skip-- != 0)) {
            continue;
        }
        (void)stat_disk(disks[i].name, &status); /* one that can't be opened has 0 bytes */
        if (!add_record(l, &(struct entry){disks[i].name, status})) {
            break;
        }
    }
    return error < 0 ? -error : E_OK;
}

static int list_volume(const char *path, uint32_t skip, struct listing *l)
{
    struct volume *v;
    const char *rest;
    int error = volume_of(path, &v, &rest);

    if (error == E_OK) {
        error = v->kind == VOLUME_FAT ? fat_list(v, rest, skip, add_record, l)
                                      : iso_list(v, rest, skip, add_record, l);
    }
    return error;
}

int tree_list(const struct access *access, const char *path, uint32_t skip, void *to, size_t bytes,
              uint32_t *count, uint32_t *used)
{
    struct listing l = {.access = access, .path = path, .to = to, .room = bytes};
    int error = path_may(access, path, false);

    if (error != E_OK) {
        return error;
    }
    if (strcmp(path, "/") == 0) {
        error = list_root(skip, &l);
    } else if (strcmp(path, "/dev") == 0) {
        error = list_disks(skip, &l);
    } else if (is_made_up(path)) {
        error = E_NOT_DIRECTORY;
    } else {
        error = list_volume(path, skip, &l);
    }
    if (error == E_OK && l.count == 0 && l.is_full) {
        error = E_BAD_ARG;
    }
    *count = l.count;
    *used = l.used;
    return error;
}

/* ---- changing */

/* The volume of @path, where something of it is to be changed; not its root. */
static int to_change(const struct access *access, const char *path, struct volume **v,
                     const char **rest)
{
    int error = path_may(access, path, true);

    if (error == E_OK && is_made_up(path)) {
        error = E_READ_ONLY;
    }
    if (error == E_OK) {
        error = volume_of(path, v, rest);
    }
    if (error == E_OK && (*v)->kind != VOLUME_FAT) {
        error = E_READ_ONLY;
    }
    return error;
}

int tree_remove(const struct access *access, const char *path)
{
    struct volume *v;
    const char *rest;
    int error = to_change(access, path, &v, &rest);

    if (error == E_OK) {
        error = rest[0] == '\0' ? E_BUSY : fat_remove(v, rest); /* its root is in use */
    }
    return error;
}

int tree_rename(const struct access *access, const char *from, const char *to)
{
    struct volume *v, *other;
    const char *rest, *rest_to;
    int error = to_change(access, from, &v, &rest);

    if (error == E_OK) {
        error = to_change(access, to, &other, &rest_to);
    }
    if (error == E_OK && v != other) {
        error = E_UNSUPPORTED;
    }
    if (error == E_OK) {
        error = rest[0] == '\0'      ? E_BUSY
                : rest_to[0] == '\0' ? E_EXISTS
                                     : fat_rename(v, rest, rest_to);
    }
    return error;
}

int tree_mkdir(const struct access *access, const char *path)
{
    struct volume *v;
    const char *rest;
    int error = to_change(access, path, &v, &rest);

    if (error == E_OK) {
        error = rest[0] == '\0' ? E_EXISTS : fat_mkdir(v, rest);
    }
    return error;
}
