/*
 * file.c - open files: on a FAT volume, on a CD, or a whole disk. A task's numbers are good for it
 * alone. A file whose disk was lost stays, so that its owner learns of it, until it is closed.
 */
#include "fs.h"

#include <string.h>

enum file_kind { FILE_FREE, FILE_FAT, FILE_ISO, FILE_DISK, FILE_LOST };

struct file {
    enum file_kind kind;
    bool can_write;
    uint32_t task;
    struct volume *volume; /* FAT and ISO */
    struct range disk;     /* DISK: all of it */
    struct iso_node node;  /* ISO */
    FIL fat;               /* FAT */
};

static struct file files[FILES_MAX]; /* number: the index + 1 */

static int find(uint32_t task, uint32_t number, struct file **out)
{
    if (number == 0 || number > FILES_MAX || files[number - 1].kind == FILE_FREE ||
        files[number - 1].task != task) {
        return E_BAD_ARG;
    }
    *out = &files[number - 1];
    return (*out)->kind == FILE_LOST ? E_GONE : E_OK;
}

/* ---- opening */

static struct file *find_free(uint32_t task)
{
    struct file *free_one = NULL;
    unsigned count = 0;

    for (unsigned i = FILES_MAX; i-- > 0;) {
        if (files[i].kind == FILE_FREE) {
            free_one = &files[i];
        } else {
            count += files[i].task == task;
        }
    }
    return count < FILES_PER_TASK_MAX ? free_one : NULL;
}

static int open_disk(struct file *f, const char *name, enum fs_mode mode, struct fs_status *status)
{
    struct disk *disk = NULL;
    int error = disks_find();

    for (unsigned i = 0; i < DISKS_MAX; i++) {
        if (disks[i].name[0] != '\0' && strcmp(disks[i].name, name) == 0) {
            disk = &disks[i];
        }
    }
    if (error < 0 || disk == NULL) {
        return error < 0 ? -error : E_NOT_FOUND;
    }
    if (mode == FS_MODE_NEW) {
        return E_EXISTS;
    }
    error = disk->is_open ? (disk->is_lost ? E_GONE : E_OK) : disk_open(disk);
    if (error == E_OK && mode != FS_MODE_READ) {
        error = disk->is_read_only ? E_READ_ONLY : disk->users != 0 ? E_BUSY : E_OK;
    }
    if (error == E_OK) {
        f->kind = FILE_DISK;
        f->disk = (struct range){disk, 0, disk->blocks};
        disk->users++;
        disk->writers += mode != FS_MODE_READ;
        *status = (struct fs_status){.what = FS_KIND_DISK,
                                     .is_read_only = disk->is_read_only,
                                     .bytes = disk->blocks * disk->block_bytes};
    }
    return error;
}

static int open_fat(struct file *f, const char *path, enum fs_mode mode, struct fs_status *status)
{
    int error = fat_open(f->volume, &f->fat, path, mode);

    if (error == E_OK) {
        f->kind = FILE_FAT;
        error = fat_stat(f->volume, path, status);
        if (error != E_OK) {
            (void)fat_close(f->volume, &f->fat);
            f->kind = FILE_FREE;
        }
    }
    return error;
}

static int open_iso(struct file *f, const char *path, enum fs_mode mode, struct fs_status *status)
{
    int error = iso_find(&f->volume->iso, path, &f->node);

    if (mode != FS_MODE_READ) {
        return error == E_OK && mode == FS_MODE_NEW ? E_EXISTS : E_READ_ONLY;
    }
    if (error == E_OK && f->node.is_directory) {
        error = E_IS_DIRECTORY;
    }
    if (error == E_OK && f->node.is_other) {
        error = E_UNSUPPORTED;
    }
    if (error == E_OK) {
        f->kind = FILE_ISO;
        *status = iso_status(&f->node);
    }
    return volume_error(f->volume, error);
}

static int open_path(struct file *f, const char *path, enum fs_mode mode, struct fs_status *status)
{
    const char *rest;
    int error;

    if (strcmp(path, "/") == 0 || strcmp(path, "/dev") == 0) {
        return E_IS_DIRECTORY;
    }
    if (path_is_within(path, "/dev")) {
        return open_disk(f, path + strlen("/dev/"), mode, status);
    }
    error = volume_of(path, &f->volume, &rest);
    if (error == E_OK) {
        error = f->volume->kind == VOLUME_FAT ? open_fat(f, rest, mode, status)
                                              : open_iso(f, rest, mode, status);
    }
    if (error == E_OK) {
        f->volume->files++;
    }
    return error;
}

int file_open(uint32_t task, const struct access *access, const char *path, enum fs_mode mode,
              uint32_t *number, struct fs_status *status)
{
    struct file *f = find_free(task);
    int error = path_may(access, path, mode != FS_MODE_READ);

    if (error == E_OK && f == NULL) {
        error = E_LIMIT;
    }
    if (error == E_OK) {
        f->task = task;
        f->can_write = mode != FS_MODE_READ;
        error = open_path(f, path, mode, status);
    }
    if (error == E_OK) {
        *number = (uint32_t)(f - files) + 1;
    }
    return error;
}

/* ---- reading and writing */

/* @count bytes from @offset on, cut off at @size. */
static uint32_t cut(uint64_t offset, uint32_t count, uint64_t size)
{
    if (offset >= size) {
        return 0;
    }
    return count < size - offset ? count : (uint32_t)(size - offset);
}

static uint64_t disk_bytes(const struct range *r)
{
    return r->blocks * r->disk->block_bytes;
}

int file_read(uint32_t task, uint32_t number, uint64_t offset, void *to, uint32_t count,
              uint32_t *done)
{
    struct file *f;
    int error = find(task, number, &f);

    if (error != E_OK) {
        return error;
    }
    switch (f->kind) {
    case FILE_FAT:
        return fat_read(f->volume, &f->fat, offset, to, count, done);
    case FILE_ISO:
        *done = cut(offset, count, f->node.bytes);
        return volume_error(f->volume, *done == 0 ? E_OK
                                                  : iso_read(&f->volume->iso, &f->node,
                                                             (uint32_t)offset, *done, to));
    default:
        *done = cut(offset, count, disk_bytes(&f->disk));
        return range_get_bytes(&f->disk, offset, *done, to);
    }
}

static int find_to_write(uint32_t task, uint32_t number, struct file **out)
{
    int error = find(task, number, out);

    return error == E_OK && !(*out)->can_write ? E_NO_RIGHT : error;
}

int file_write(uint32_t task, uint32_t number, uint64_t offset, const void *from, uint32_t count,
               uint32_t *done)
{
    struct file *f;
    int error = find_to_write(task, number, &f);

    if (error != E_OK) {
        return error;
    }
    *done = 0;
    if (count == 0) {
        return E_OK;
    }
    if (f->kind == FILE_FAT) {
        return fat_write(f->volume, &f->fat, offset, from, count, done);
    }
    *done = cut(offset, count, disk_bytes(&f->disk));
    if (*done == 0) {
        return offset == disk_bytes(&f->disk) ? E_FULL : E_BAD_ARG;
    }
    return range_put_bytes(&f->disk, offset, *done, from);
}

int file_truncate(uint32_t task, uint32_t number, uint64_t bytes)
{
    struct file *f;
    int error = find_to_write(task, number, &f);

    if (error == E_OK) {
        error = f->kind == FILE_FAT ? fat_truncate(f->volume, &f->fat, bytes) : E_UNSUPPORTED;
    }
    return error;
}

static int sync(struct file *f)
{
    if (!f->can_write) {
        return E_OK;
    }
    return f->kind == FILE_FAT ? fat_error(f->volume, f_sync(&f->fat)) : disk_flush(f->disk.disk);
}

int file_sync(uint32_t task, uint32_t number)
{
    struct file *f;
    int error = find(task, number, &f);

    return error == E_OK ? sync(f) : error;
}

/* ---- closing */

static int close(struct file *f)
{
    int error = E_OK;

    if (f->kind == FILE_FAT) {
        error = fat_close(f->volume, &f->fat);
    } else if (f->kind == FILE_DISK) {
        error = sync(f);
        f->disk.disk->users--;
        f->disk.disk->writers -= f->can_write;
    }
    if (f->kind == FILE_FAT || f->kind == FILE_ISO) {
        f->volume->files--;
    }
    f->kind = FILE_FREE;
    return error;
}

int file_close(uint32_t task, uint32_t number)
{
    struct file *f;
    int error = find(task, number, &f);

    if (error == E_BAD_ARG) {
        return error;
    }
    if (error == E_GONE) {
        (void)close(f);
        return error;
    }
    return close(f);
}

void files_close_all(uint32_t task)
{
    for (unsigned i = 0; i < FILES_MAX; i++) {
        if (files[i].kind != FILE_FREE && files[i].task == task) {
            (void)close(&files[i]);
        }
    }
}

void files_lose(const struct volume *volume, const struct disk *disk)
{
    for (unsigned i = 0; i < FILES_MAX; i++) {
        struct file *f = &files[i];
        if ((f->kind == FILE_FAT || f->kind == FILE_ISO) && f->volume == volume) {
            f->volume->files--;
            f->kind = FILE_LOST;
        } else if (f->kind == FILE_DISK && disk != NULL && f->disk.disk == disk) {
            f->disk.disk->users--;
            f->disk.disk->writers -= f->can_write;
            f->kind = FILE_LOST;
        }
    }
}
