/*
 * files_fake.c - see files_fake.h.
 */
#include "files_fake.h"

#include <quoll/error.h>
#include <quoll/abi.h>
#include <string.h>

struct fake_file fake_files[FAKE_FILES] = {
    {"/", FS_KIND_DIRECTORY, "", 0},
    {"/disk0", FS_KIND_DIRECTORY, "", 0},
    {"/disk0/text", FS_KIND_FILE, "one\ntwo\n", 8},
    {"/disk0/sub", FS_KIND_DIRECTORY, "", 0},
    {"/disk0/sub/bad\x1b[2Jname", FS_KIND_FILE, "\x01 abcdefghijklmnopq", 19},
    {"/dev/disk0", FS_KIND_DISK, "", 0},
};
int fake_files_error, fake_window_error, fake_write_error;
unsigned fake_open;
bool fake_mounted = true;
static uint8_t window[FILES_DATA_BYTES];

struct fake_file *fake_file(const char *path)
{
    for (unsigned i = 0; i < FAKE_FILES; i++) {
        if (fake_files[i].path[0] != '\0' && strcmp(fake_files[i].path, path) == 0)
            return &fake_files[i];
    }
    return NULL;
}

static bool has_directory(const char *path)
{
    char above[sizeof(fake_files[0].path)];
    const struct fake_file *at;

    strcpy(above, path);
    *strrchr(above, '/') = '\0';
    at = fake_file(above);
    return at && at->what == FS_KIND_DIRECTORY;
}

static struct fake_file *make(const char *path, enum fs_kind what)
{
    for (unsigned i = 0; i < FAKE_FILES; i++) {
        if (fake_files[i].path[0] == '\0') {
            strcpy(fake_files[i].path, path);
            fake_files[i].what = what;
            fake_files[i].bytes = 0;
            return &fake_files[i];
        }
    }
    return NULL;
}

int files_open_window(struct files *f)
{
    if (fake_window_error == E_OK)
        f->data = window;
    return fake_window_error;
}

int files_open(struct files *f, const char *path, enum fs_mode mode, uint32_t *file,
               struct fs_status *status)
{
    struct fake_file *at = fake_file(path);

    (void)f;
    if (fake_files_error != E_OK)
        return fake_files_error;
    if (!at && mode == FS_MODE_READ)
        return E_NOT_FOUND;
    if (at && at->what == FS_KIND_DIRECTORY)
        return E_IS_DIRECTORY;
    if (at && mode == FS_MODE_REPLACE && fake_open != 0 && at->bytes != 0)
        return E_BUSY;
    if (!at && !has_directory(path))
        return E_NOT_FOUND;
    if (!at)
        at = make(path, FS_KIND_FILE);
    *file = (uint32_t)(at - fake_files);
    *status = (struct fs_status){.what = at->what, .bytes = at->bytes};
    fake_open++;
    return E_OK;
}

int files_read(struct files *f, uint32_t file, uint64_t offset, uint32_t count, uint32_t *done)
{
    const struct fake_file *at = &fake_files[file];
    uint32_t left = offset < at->bytes ? at->bytes - (uint32_t)offset : 0;

    *done = count < left ? count : left;
    memcpy(f->data, at->contents + offset, *done);
    return fake_files_error;
}

int files_write(struct files *f, uint32_t file, uint64_t offset, uint32_t count)
{
    memcpy(fake_files[file].contents + offset, f->data, count);
    fake_files[file].bytes = (uint32_t)offset + count;
    return fake_write_error;
}

int files_close(struct files *f, uint32_t file)
{
    (void)f;
    (void)file;
    fake_open--;
    return E_OK;
}

int files_stat(struct files *f, const char *path, struct fs_status *status)
{
    const struct fake_file *at = fake_file(path);

    (void)f;
    if (fake_files_error != E_OK || !at)
        return fake_files_error != E_OK ? fake_files_error : E_NOT_FOUND;
    *status = (struct fs_status){.what = at->what, .bytes = at->bytes, .modified = 1795255200};
    return E_OK;
}

int files_remove(struct files *f, const char *path)
{
    struct fake_file *at = fake_file(path);

    (void)f;
    if (!at)
        return E_NOT_FOUND;
    at->path[0] = '\0';
    return E_OK;
}

int files_rename(struct files *f, const char *from, const char *to)
{
    struct fake_file *at = fake_file(from);

    (void)f;
    if (!at || fake_file(to))
        return at ? E_EXISTS : E_NOT_FOUND;
    if (strncmp(to, "/disk0", 6) != 0)
        return E_UNSUPPORTED;
    if (!has_directory(to))
        return E_NOT_FOUND;
    strcpy(at->path, to);
    return E_OK;
}

int files_make_directory(struct files *f, const char *path)
{
    (void)f;
    if (fake_file(path))
        return E_EXISTS;
    if (!has_directory(path))
        return E_NOT_FOUND;
    return make(path, FS_KIND_DIRECTORY) ? E_OK : E_FULL;
}

int files_room(struct files *f, const char *path, struct fs_space *space)
{
    (void)f;
    (void)path;
    *space = (struct fs_space){.bytes = 1 << 20, .free_bytes = 1 << 18, .unit_bytes = 512};
    return E_OK;
}

int files_volume(struct files *f, uint32_t index, struct fs_volume *volume)
{
    (void)f;
    if (index > 0)
        return E_NOT_FOUND;
    *volume = (struct fs_volume){"disk0", "disk0",
                                 1,       fake_mounted,
                                 false,   fake_mounted ? FS_FORMAT_FAT16 : FS_FORMAT_NONE,
                                 0,       1 << 20};
    return E_OK;
}

int files_mount(struct files *f, const char *name)
{
    (void)f;
    if (strcmp(name, "disk0") != 0 || fake_mounted)
        return fake_mounted ? E_EXISTS : E_NOT_FOUND;
    fake_mounted = true;
    return E_OK;
}

int files_unmount(struct files *f, const char *name)
{
    (void)f;
    if (strcmp(name, "disk0") != 0 || !fake_mounted)
        return E_NOT_FOUND;
    fake_mounted = false;
    return E_OK;
}

/* The entries of @path are the files whose path is one name longer. */
int files_next(struct files *f, const char *path, struct files_walk *walk,
               struct files_entry *entry)
{
    size_t n = strcmp(path, "/") == 0 ? 0 : strlen(path);

    (void)f;
    for (; walk->skip < FAKE_FILES; walk->skip++) {
        const struct fake_file *at = &fake_files[walk->skip];
        if (strlen(at->path) > n + 1 && strncmp(at->path, path, n) == 0 && at->path[n] == '/' &&
            strchr(at->path + n + 1, '/') == NULL) {
            *entry = (struct files_entry){.what = at->what, .bytes = at->bytes};
            strcpy(entry->name, at->path + n + 1);
            walk->skip++;
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}
