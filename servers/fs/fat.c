/*
 * fat.c - FAT volumes through FatFs: its calls, its errors in ours, and the disk below it.
 * FatFs sees each volume as a disk of its own. It does not look whether a directory is moved into
 * itself, nor does it tell a full disk from a read-only file: that is done here.
 */
#include "fs.h"

#include <diskio.h>
#include <quoll/calendar.h>
#include <string.h>

/* ---- what FatFs calls */

DRESULT disk_read(void *drv, BYTE *to, DWORD sector, UINT count)
{
    struct volume *v = drv;

    return range_get(&v->range, sector, count, to) == E_OK ? RES_OK : RES_ERROR;
}

DRESULT disk_write(void *drv, const BYTE *from, DWORD sector, UINT count)
{
    struct volume *v = drv;

    return range_put(&v->range, sector, count, from) == E_OK ? RES_OK : RES_ERROR;
}

DRESULT disk_ioctl(void *drv, BYTE command, void *result)
{
    struct volume *v = drv;

    switch (command) {
    case CTRL_SYNC:
        return disk_flush(v->range.disk) == E_OK ? RES_OK : RES_ERROR;
    case GET_SECTOR_SIZE:
        *(WORD *)result = (WORD)v->range.disk->block_bytes;
        return RES_OK;
    case IOCTL_INIT:
    case IOCTL_STATUS:
        *(DSTATUS *)result = v->range.disk->is_read_only ? STA_PROTECT : 0;
        return RES_OK;
    default:
        return RES_PARERR;
    }
}

/* ---- errors */

/* FR_DENIED has several reasons: its callers know which. */
int fat_error(const struct volume *volume, FRESULT result)
{
    switch (result) {
    case FR_OK:
        return E_OK;
    case FR_DISK_ERR:
    case FR_NOT_READY:
        return volume_error(volume, E_IO);
    case FR_INT_ERR:
        return volume_error(volume, E_DAMAGED);
    case FR_NO_FILE:
    case FR_NO_PATH:
        return E_NOT_FOUND;
    case FR_INVALID_NAME:
        return E_BAD_NAME;
    case FR_DENIED:
        return E_FULL;
    case FR_EXIST:
        return E_EXISTS;
    case FR_WRITE_PROTECTED:
        return E_READ_ONLY;
    case FR_NO_FILESYSTEM:
        return E_UNSUPPORTED;
    case FR_LOCKED:
        return E_BUSY;
    case FR_TOO_MANY_OPEN_FILES:
    case FR_NOT_ENOUGH_CORE:
        return E_LIMIT;
    default:
        return E_BAD_ARG;
    }
}

/* ---- volumes */

int fat_mount(struct volume *volume)
{
    volume->fat.drv = volume;
    return fat_error(volume, f_mount(&volume->fat));
}

int fat_unmount(struct volume *volume, bool is_lost)
{
    int error = is_lost ? E_OK : disk_flush(volume->range.disk);

    (void)f_umount(&volume->fat);
    return error;
}

int fat_space(struct volume *volume, struct fs_space *out)
{
    FATFS *fat = &volume->fat;
    DWORD free_clusters = 0;
    int error = fat_error(volume, f_getfree(fat, &free_clusters));

    if (error == E_OK) {
        uint32_t unit = (uint32_t)fat->csize * fat->ssize;
        uint32_t all = fat->n_fatent - 2;
        *out = (struct fs_space){.bytes = (uint64_t)all * unit,
                                 .free_bytes =
                                     (uint64_t)(free_clusters < all ? free_clusters : all) * unit,
                                 .unit_bytes = unit};
    }
    return error;
}

/* ---- directories */

/* FAT's date and time, taken as UTC. 0: none. */
static uint64_t seconds_of(WORD date, WORD time)
{
    const struct clock_parts t = {.year = (uint16_t)(1980 + (date >> 9)),
                                  .month = date >> 5 & 15,
                                  .day = date & 31,
                                  .hour = (uint8_t)(time >> 11),
                                  .minute = time >> 5 & 63,
                                  .second = (uint8_t)((time & 31) * 2)};

    return calendar_is_valid(&t) ? calendar_seconds(&t) : 0;
}

static struct fs_status status_of(const struct volume *volume, const FILINFO *info)
{
    return (struct fs_status){.what = info->fattrib & AM_DIR ? FS_KIND_DIRECTORY : FS_KIND_FILE,
                              .is_read_only =
                                  (info->fattrib & AM_RDO) != 0 || volume->range.disk->is_read_only,
                              .bytes = info->fattrib & AM_DIR ? 0 : info->fsize,
                              .modified = seconds_of(info->fdate, info->ftime)};
}

static FILINFO info; /* one at a time: it is large */

int fat_stat(struct volume *volume, const char *path, struct fs_status *out)
{
    int error;

    if (path[0] == '\0') {
        *out = (struct fs_status){.what = FS_KIND_DIRECTORY,
                                  .is_read_only = volume->range.disk->is_read_only};
        return E_OK;
    }
    error = fat_error(volume, f_stat(&volume->fat, path, &info));
    if (error == E_OK) {
        *out = status_of(volume, &info);
    }
    return error;
}

static int open_directory(struct volume *volume, FF_DIR *directory, const char *path)
{
    struct fs_status status;
    int error = fat_stat(volume, path, &status);

    if (error == E_OK && status.what != FS_KIND_DIRECTORY) {
        error = E_NOT_DIRECTORY;
    }
    return error != E_OK ? error : fat_error(volume, f_opendir(&volume->fat, directory, path));
}

int fat_list(struct volume *volume, const char *path, uint32_t skip, emit_entry emit, void *context)
{
    FF_DIR directory;
    bool goes_on = true;
    int error = open_directory(volume, &directory, path);

    if (error != E_OK) {
        return error;
    }
    while (goes_on) {
        error = fat_error(volume, f_readdir(&directory, &info));
        if (error != E_OK || info.fname[0] == '\0') {
            break; /* an error, or the end */
        }
        if (skip != 0) {
            skip--;
        } else {
            goes_on = emit(context, &(struct entry){info.fname, status_of(volume, &info)});
        }
    }
    (void)f_closedir(&directory);
    return error;
}

/* May what @path names be changed or removed? */
static int check_change(struct volume *volume, const char *path, struct fs_status *status)
{
    int error = fat_stat(volume, path, status);

    return error == E_OK && status->is_read_only ? E_READ_ONLY : error;
}

int fat_remove(struct volume *volume, const char *path)
{
    struct fs_status status;
    int error = check_change(volume, path, &status);

    if (error == E_OK) {
        error = fat_error(volume, f_unlink(&volume->fat, path));
    }
    return error == E_FULL ? E_NOT_EMPTY : error; /* FR_DENIED has no other reason left */
}

int fat_mkdir(struct volume *volume, const char *path)
{
    return fat_error(volume, f_mkdir(&volume->fat, path));
}

/* Where a directory's contents begin, which no other has. 0: the root of FAT12 and FAT16. */
static int first_cluster(struct volume *volume, const char *path, DWORD *cluster)
{
    FF_DIR directory;
    int error = open_directory(volume, &directory, path);

    if (error == E_OK) {
        *cluster = directory.obj.sclust;
        (void)f_closedir(&directory);
    }
    return error;
}

/* Is one of the directories above @to the one that begins at @cluster? Names do not tell: they
 * have short forms, and upper case. */
static int check_not_within(struct volume *volume, const char *to, DWORD cluster)
{
    static char above[PATH_BYTES];

    for (const char *slash = strchr(to, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        DWORD other = 0;
        int error;
        memcpy(above, to, (size_t)(slash - to));
        above[slash - to] = '\0';
        error = first_cluster(volume, above, &other);
        if (error != E_OK) {
            return error == E_NOT_DIRECTORY ? E_NOT_FOUND : error;
        }
        if (other == cluster) {
            return E_BAD_ARG;
        }
    }
    return E_OK;
}

int fat_rename(struct volume *volume, const char *from, const char *to)
{
    struct fs_status status;
    DWORD cluster = 0;
    int error = check_change(volume, from, &status);

    if (error == E_OK && status.what == FS_KIND_DIRECTORY) {
        error = first_cluster(volume, from, &cluster);
        if (error == E_OK) {
            error = check_not_within(volume, to, cluster);
        }
    }
    return error != E_OK ? error : fat_error(volume, f_rename(&volume->fat, from, to));
}

/* ---- files */

int fat_open(struct volume *volume, FIL *file, const char *path, enum fs_mode mode)
{
    static const BYTE flags[] = {
        [FS_MODE_READ] = FA_READ | FA_OPEN_EXISTING,
        [FS_MODE_WRITE] = FA_READ | FA_WRITE | FA_OPEN_ALWAYS,
        [FS_MODE_NEW] = FA_READ | FA_WRITE | FA_CREATE_NEW,
        [FS_MODE_REPLACE] = FA_READ | FA_WRITE | FA_CREATE_ALWAYS,
    };
    struct fs_status status;
    int error = fat_stat(volume, path, &status);

    if (error == E_OK && mode == FS_MODE_NEW) {
        return E_EXISTS;
    }
    if (error == E_OK && status.what == FS_KIND_DIRECTORY) {
        return E_IS_DIRECTORY;
    }
    if (error == E_OK && mode != FS_MODE_READ && status.is_read_only) {
        return E_READ_ONLY;
    }
    if (error == E_OK || (error == E_NOT_FOUND && mode != FS_MODE_READ)) {
        error = fat_error(volume, f_open(&volume->fat, file, path, flags[mode]));
    }
    return error;
}

int fat_read(struct volume *volume, FIL *file, uint64_t offset, void *to, uint32_t count,
             uint32_t *done)
{
    UINT got = 0;
    FRESULT result = FR_OK;

    if (offset < f_size(file)) {
        result = f_lseek(file, (FSIZE_t)offset);
        if (result == FR_OK) {
            result = f_read(file, to, count, &got);
        }
    }
    *done = got;
    return fat_error(volume, result);
}

/* What would go past the largest size that FAT has finds no room. */
int fat_write(struct volume *volume, FIL *file, uint64_t offset, const void *from, uint32_t count,
              uint32_t *done)
{
    UINT got = 0;
    FRESULT result;

    if (offset > f_size(file)) {
        return E_BAD_ARG;
    }
    if (count > UINT32_MAX - offset) {
        count = (uint32_t)(UINT32_MAX - offset);
    }
    result = f_lseek(file, (FSIZE_t)offset);
    if (result == FR_OK) {
        result = f_write(file, from, count, &got);
    }
    *done = got;
    if (result == FR_OK && got == 0) {
        return E_FULL;
    }
    return fat_error(volume, result);
}

int fat_truncate(struct volume *volume, FIL *file, uint64_t bytes)
{
    FRESULT result;

    if (bytes > f_size(file)) {
        return E_BAD_ARG;
    }
    result = f_lseek(file, (FSIZE_t)bytes);
    if (result == FR_OK) {
        result = f_truncate(file);
    }
    return fat_error(volume, result);
}

int fat_close(struct volume *volume, FIL *file)
{
    FRESULT result = f_close(file);

    if (result !=
        FR_OK) { /* it is kept open, and locked, for what could not be written: not here */
        file->flag = 0;
        (void)f_close(file);
    }
    return fat_error(volume, result);
}
