/*
 * fs.h - the fs server without its system calls: what the interface fs does, for one client or
 * another, on volumes that are found by their names.
 *   path.c       names, and what a task may reach
 *   volume.c     /disk0, /disk0p2, /cd0: found on disks, mounted when first used, unmounted
 *   fat.c        FAT volumes, through FatFs; iso.c those of CDs; raw.c /dev/disk0
 *   file.c       open files; tree.c what is done by path
 * Invariant: a path that has passed path_check has no empty part, no . and no .., so that its
 * beginning says where it ends.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include "iso.h"
#include "partition.h"

#include <fatfs_conf.h>
#include <ff.h>
#include <idl/fs.h>
#include <stddef.h>

enum {
    FILES_MAX = 32,         /* of all tasks */
    FILES_PER_TASK_MAX = 8, /* so four tasks can have their most */
    VOLUMES_MAX = 12,       /* mounted at a time */
    VOLUME_NAME_BYTES = 16,
    PATH_BYTES = FS_PATH_MAX + 1,
};

/* ---- path.c */

struct access {
    bool may_read, may_write;
    char root[PATH_BYTES]; /* "/", or a path; nothing outside of it is there for the task */
};

/** Is it a path: from the root on, no empty part but at its end, no . and .., no control
 *  characters and no backslash? A slash at the end is cut off (but that of "/"). Errors: BAD_ARG.
 */
int path_check(char *path);

/** May it look at @path, or (@is_change) change it? Directories on the way to its root it may look
 *  at. Errors: NO_RIGHT. */
int path_may(const struct access *access, const char *path, bool is_change);

/** Is the entry @name of directory @path within its reach? */
bool path_shows(const struct access *access, const char *path, const char *name);

/** Does @path lie below @above, or is it the same? */
bool path_is_within(const char *path, const char *above);

/* ---- volume.c */

enum volume_kind { VOLUME_FAT, VOLUME_ISO };

struct volume {
    bool is_mounted;
    char name[VOLUME_NAME_BYTES]; /* disk0p2 */
    enum volume_kind kind;
    struct range range;
    unsigned partition; /* its number; 0: the whole disk */
    unsigned files;     /* open on it */
    FATFS fat;
    struct iso iso;
};

extern struct volume volumes[VOLUMES_MAX];

/** The volume that @path lies on, mounted; @rest is the path within it, "" for its root.
 *  Errors: NOT_FOUND (no such disk or partition, or it was unmounted), UNSUPPORTED (no file system
 *  that is known), LIMIT, those of disk_open and of reading it. */
int volume_of(const char *path, struct volume **volume, const char **rest);

/** Mount /NAME, also after it was unmounted. Errors: as volume_of; EXISTS (it is mounted). */
int volume_mount(const char *name);

/** End it; nothing mounts it but volume_mount. Errors: NOT_FOUND (it is not mounted), BUSY (files
 *  are open), IO (what was written last may not be there). */
int volume_unmount(const char *name);

/** Volume @index of those that there are, mounted or not. Errors: NOT_FOUND (past the last). */
int volume_describe(unsigned index, struct fs_volume *out);

/** Room on it, counted. */
int volume_space(struct volume *volume, struct fs_space *out);

/** After each request: disks that are lost lose their volumes and files, disks that nobody uses any
 *  more are closed. */
void volumes_settle(void);

/** What reading or writing a volume has ended with: GONE if its disk is lost. */
int volume_error(const struct volume *volume, int error);

/* ---- what fat.c and iso.c do for volume.c, file.c and tree.c */

/* One name of a directory; the name is good until emit returns. */
struct entry {
    const char *name;
    struct fs_status status;
};

/* False: no more, please. */
typedef bool (*emit_entry)(void *context, const struct entry *entry);

int fat_error(const struct volume *volume, FRESULT result);
int fat_mount(struct volume *volume);
int fat_unmount(struct volume *volume, bool is_lost);
int fat_space(struct volume *volume, struct fs_space *out);
int fat_stat(struct volume *volume, const char *path, struct fs_status *out);
int fat_list(struct volume *volume, const char *path, uint32_t skip, emit_entry emit,
             void *context);
int fat_remove(struct volume *volume, const char *path);
int fat_rename(struct volume *volume, const char *from, const char *to);
int fat_mkdir(struct volume *volume, const char *path);
int fat_open(struct volume *volume, FIL *file, const char *path, enum fs_mode mode);
int fat_read(struct volume *volume, FIL *file, uint64_t offset, void *to, uint32_t count,
             uint32_t *done);
int fat_write(struct volume *volume, FIL *file, uint64_t offset, const void *from, uint32_t count,
              uint32_t *done);
int fat_truncate(struct volume *volume, FIL *file, uint64_t bytes);

/** The file is closed in any case; an error says that not all of it may be on the disk. */
int fat_close(struct volume *volume, FIL *file);

int iso_stat(struct volume *volume, const char *path, struct fs_status *out);
int iso_list(struct volume *volume, const char *path, uint32_t skip, emit_entry emit,
             void *context);
struct fs_status iso_status(const struct iso_node *node);

/** The time, as FAT has it in its directories; clock.c of the server, or a test, knows it. */
DWORD get_fattime(void);

/* ---- file.c: tasks are told apart by their numbers */

/** Errors: NOT_FOUND, IS_DIRECTORY, READ_ONLY, EXISTS (FS_MODE_NEW), BUSY (open to be written, or
 *  written while open), BAD_NAME, FULL, LIMIT, UNSUPPORTED (a symbolic link), NO_RIGHT. */
int file_open(uint32_t task, const struct access *access, const char *path, enum fs_mode mode,
              uint32_t *number, struct fs_status *status);

/** All: BAD_ARG (not an open file of the task), GONE (its disk was lost), IO, DAMAGED. */
int file_read(uint32_t task, uint32_t number, uint64_t offset, void *to, uint32_t count,
              uint32_t *done);

/** FULL: nothing was written, for no room is left. READ_ONLY. BAD_ARG: past the end. */
int file_write(uint32_t task, uint32_t number, uint64_t offset, const void *from, uint32_t count,
               uint32_t *done);
int file_truncate(uint32_t task, uint32_t number, uint64_t bytes);
int file_sync(uint32_t task, uint32_t number);
int file_close(uint32_t task, uint32_t number);

/** The task is no more: its files are closed. */
void files_close_all(uint32_t task);

/** The disk of @volume, or of raw files on @disk, is lost: files on it answer GONE from now on. */
void files_lose(const struct volume *volume, const struct disk *disk);

/* ---- tree.c: what is done by path; every one checks what the task may do */

int tree_stat(const struct access *access, const char *path, struct fs_status *out);

/** Records of fs.idl from entry @skip on, as many as go into @bytes bytes at @to: their number, and
 *  the bytes that they take. None: there are no more. */
int tree_list(const struct access *access, const char *path, uint32_t skip, void *to, size_t bytes,
              uint32_t *count, uint32_t *used);
int tree_remove(const struct access *access, const char *path);
int tree_rename(const struct access *access, const char *from, const char *to);
int tree_mkdir(const struct access *access, const char *path);

#endif
