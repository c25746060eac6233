/*
 * serve.c - the interface fs: each method finds the client, looks what of its window is meant, and
 * has the core do it. Generated code has checked every number's range before.
 */
#include "server.h"

#include <idl/fs_server.h>
#include <stdio.h>
#include <string.h>

static int caller(const struct call *call, struct client **client)
{
    return client_of(call_session(call), client);
}

static char path[PATH_BYTES], other[PATH_BYTES];

/* Who calls, and the path that it means. */
static int begin(const struct call *call, const struct fs_text *text, struct client **client)
{
    int error = caller(call, client);

    return error != E_OK ? error : client_path(*client, text, path);
}

int fs_serve_window(struct call *call, uint32_t first, uint64_t *frames, size_t *frames_count)
{
    struct client *c;
    int error = caller(call, &c);

    if (error == E_OK) {
        error = client_make_window(c);
    }
    for (unsigned i = 0; error == E_OK && i < 4 && first + i < FS_WINDOW_PAGES; i++) {
        frames[i] = client_frame(c, first + i);
        *frames_count = i + 1;
    }
    return error;
}

/* ---- files */

int fs_serve_open(struct call *call, const struct fs_text *text, enum fs_mode how, uint32_t *result,
                  struct fs_status *what)
{
    struct client *c;
    int error = begin(call, text, &c);

    return error != E_OK ? error : file_open(c->task, &c->access, path, how, result, what);
}

int fs_serve_read(struct call *call, uint32_t file, uint64_t offset, uint32_t at, uint32_t count,
                  uint32_t *result)
{
    struct client *c;
    int error = caller(call, &c);
    void *to = error == E_OK ? client_bytes(c, at, count) : NULL;

    if (error == E_OK) {
        error = to != NULL ? file_read(c->task, file, offset, to, count, result) : E_BAD_ARG;
    }
    return error;
}

int fs_serve_write(struct call *call, uint32_t file, uint64_t offset, uint32_t at, uint32_t count,
                   uint32_t *result)
{
    struct client *c;
    int error = caller(call, &c);
    const void *from = error == E_OK ? client_bytes(c, at, count) : NULL;

    if (error == E_OK) {
        error = from != NULL ? file_write(c->task, file, offset, from, count, result) : E_BAD_ARG;
    }
    return error;
}

int fs_serve_close(struct call *call, uint32_t file)
{
    return file_close(call_session(call), file);
}

int fs_serve_sync(struct call *call, uint32_t file)
{
    return file_sync(call_session(call), file);
}

int fs_serve_truncate(struct call *call, uint32_t file, uint64_t bytes)
{
    return file_truncate(call_session(call), file, bytes);
}

/* ---- paths */

int fs_serve_stat(struct call *call, const struct fs_text *text, struct fs_status *result)
{
    struct client *c;
    int error = begin(call, text, &c);

    return error != E_OK ? error : tree_stat(&c->access, path, result);
}

int fs_serve_list(struct call *call, const struct fs_text *text, uint32_t skip, uint32_t at,
                  uint32_t room, uint32_t *result)
{
    struct client *c;
    uint32_t used;
    int error = begin(call, text, &c);
    void *to = error == E_OK ? client_bytes(c, at, room) : NULL;

    if (error == E_OK) {
        error = to != NULL ? tree_list(&c->access, path, skip, to, room, result, &used) : E_BAD_ARG;
    }
    return error;
}

int fs_serve_remove(struct call *call, const struct fs_text *text)
{
    struct client *c;
    int error = begin(call, text, &c);

    return error != E_OK ? error : tree_remove(&c->access, path);
}

int fs_serve_rename(struct call *call, const struct fs_text *from, const struct fs_text *to)
{
    struct client *c;
    int error = begin(call, from, &c);

    if (error == E_OK) {
        error = client_path(c, to, other);
    }
    return error != E_OK ? error : tree_rename(&c->access, path, other);
}

int fs_serve_make_directory(struct call *call, const struct fs_text *text)
{
    struct client *c;
    int error = begin(call, text, &c);

    return error != E_OK ? error : tree_mkdir(&c->access, path);
}

/* ---- volumes */

/* Volumes are everybody's to look at, if files are. */
int fs_serve_volume_at(struct call *call, uint32_t index, struct fs_volume *result)
{
    struct client *c;
    int error = caller(call, &c);

    return error != E_OK ? error : volume_describe(index, result);
}

int fs_serve_room(struct call *call, const struct fs_text *text, struct fs_space *result)
{
    struct volume *v;
    struct client *c;
    const char *rest;
    int error = begin(call, text, &c);

    if (error == E_OK) {
        error = path_may(&c->access, path, false);
    }
    if (error == E_OK) {
        error = volume_of(path, &v, &rest);
    }
    return error != E_OK ? error : volume_space(v, result);
}

/* Whose may change a volume's files, and has all of it in reach, may mount and unmount it. */
static int may_mount(const struct call *call, const char *name)
{
    struct client *c;
    int error = caller(call, &c);

    if (error == E_OK) {
        path[0] = '/';
        memcpy(path + 1, name, strlen(name) + 1);
        error = strchr(name, '/') != NULL ? E_NOT_FOUND : path_check(path);
    }
    if (error == E_OK && !(c->access.may_write && path_is_within(path, c->access.root))) {
        error = E_NO_RIGHT;
    }
    return error;
}

int fs_serve_mount(struct call *call, const char *name)
{
    int error = may_mount(call, name);

    return error != E_OK ? error : volume_mount(name);
}

int fs_serve_unmount(struct call *call, const char *name)
{
    int error = may_mount(call, name);

    return error != E_OK ? error : volume_unmount(name);
}

int fs_serve_device(struct call *call, const char *disk, char result[FS_DEVICE_MAX + 1])
{
    struct client *c;
    int error = caller(call, &c), count = error == E_OK ? disks_find() : 0;

    for (int i = 0; i < count; i++) {
        if (strcmp(disks[i].name, disk) == 0) {
            (void)snprintf(result, FS_DEVICE_MAX + 1, "%s", disk_device(&disks[i]));
            return E_OK;
        }
    }
    return error != E_OK ? error : count < 0 ? -count : E_NOT_FOUND;
}
